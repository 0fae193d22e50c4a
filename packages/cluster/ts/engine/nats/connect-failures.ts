/** Says why a peer could not connect, to those who wrote the description. */
import { errors } from '@nats-io/transport-node';
import { textOf } from '../../errors.js';
import { EngineError } from '../engine.js';
import type { NatsDescription } from './description.js';

/** Of OpenSSL and of Node.js, where one side does not trust the other's certificate. */
const NOT_TRUSTED = /CERT|SIGNATURE|SELF_SIGNED|ERR_TLS|ERR_SSL/;

/** What the client rejects with, as an error that names the servers and the remedy. */
export function explainConnect(cause: unknown, { servers }: NatsDescription): Error {
  const where = servers.join(', ');
  const why = textOf(cause);
  if (cause instanceof errors.AuthorizationError || cause instanceof errors.UserAuthenticationExpiredError) {
    const message = `the NATS server at ${where} does not let this peer in (${why}): check its authenticator, and the server's users`;
    return new EngineError('not-permitted', message, { cause });
  }
  if (NOT_TRUSTED.test(codeOf(cause))) {
    const message = `the certificate of the NATS server at ${where} is not trusted (${why}): name its authority in tls.ca`;
    return new EngineError('not-permitted', message, { cause });
  }
  if (why.includes("server does not support 'tls'")) {
    return new TypeError(
      `the NATS server at ${where} offers no TLS: leave tls out, or let the server have a certificate`,
    );
  }
  if (cause instanceof errors.TimeoutError) {
    const message = `the NATS server at ${where} did not let this peer in in time: if it wants a certificate, pass tls.cert and tls.key that its authority has signed`;
    return new EngineError('gone', message, { cause });
  }
  return new EngineError('gone', `no NATS server can be reached at ${where} (${why}): start one, or correct servers`, {
    cause,
  });
}

function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : '';
}

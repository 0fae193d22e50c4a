/** What a peer shows a server, from the files that its description names. */
import {
  credsAuthenticator,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
  type Authenticator,
  type TlsOptions,
} from '@nats-io/transport-node';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { textOf } from '../../errors.js';
import type { NatsAuthenticator, NatsDescription, NatsTls } from './description.js';

/** The client reads them later, and where it cannot, says little. */
export function checkFiles({ tls, authenticator }: NatsDescription): void {
  const { ca, cert, key } = tls ?? {};
  const pem = readAll({ ca, cert, key });
  try {
    createSecureContext(pem);
  } catch (cause) {
    const message = `tls must name files in PEM that belong together, got ${namesOf({ ca, cert, key })}`;
    throw new TypeError(`${message}: ${textOf(cause)}`, { cause });
  }
  if (!authenticator || !('creds' in authenticator || 'nkeySeed' in authenticator)) return;
  readAll(authenticator);
  try {
    authenticatorOf(authenticator)('a nonce');
  } catch (cause) {
    throw new TypeError(`${namesOf(authenticator)} must be what nsc writes: ${textOf(cause)}`, { cause });
  }
}

function readAll(paths: Record<string, string | undefined>): Record<string, Buffer> {
  const read: Record<string, Buffer> = {};
  for (const [name, path] of Object.entries(paths)) if (path !== undefined) read[name] = readNamed(name, path);
  return read;
}

function readNamed(name: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new TypeError(`${name} must name a file that this user can read, got ${path}: ${textOf(cause)}`, { cause });
  }
}

function namesOf(paths: object): string {
  return Object.entries(paths)
    .filter(([, path]) => path !== undefined)
    .map(([name, path]) => `${name} ${String(path)}`)
    .join(', ');
}

export function tlsOptions({ ca, cert, key, handshakeFirst }: NatsTls): TlsOptions {
  return {
    ...(ca !== undefined && { caFile: ca }),
    ...(cert !== undefined && { certFile: cert }),
    ...(key !== undefined && { keyFile: key }),
    ...(handshakeFirst !== undefined && { handshakeFirst }),
  };
}

/** Files are read at each reconnect: a credential that was renewed is used. */
export function authenticatorOf(given: NatsAuthenticator): Authenticator {
  if ('creds' in given) return credsAuthenticator(() => readFileSync(given.creds));
  if ('nkeySeed' in given) return nkeyAuthenticator(() => seedIn(given.nkeySeed));
  if ('token' in given) return tokenAuthenticator(given.token);
  return usernamePasswordAuthenticator(given.user, given.pass);
}

function seedIn(file: string): Uint8Array {
  return new TextEncoder().encode(readFileSync(file, 'utf8').trim());
}

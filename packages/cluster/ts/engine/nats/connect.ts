import {
  connect,
  credsAuthenticator,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
  type Authenticator,
  type NatsConnection,
  type TlsOptions,
} from '@nats-io/transport-node';
import { readFileSync } from 'node:fs';
import type { Engine } from '../engine.js';
import { checkName } from '../names.js';
import type { NatsAuthenticator, NatsDescription, NatsTls } from './description.js';
import { NatsEngine } from './nats-engine.js';
import { makeStreams } from './streams.js';
import { subjects } from './subjects.js';

/** A server that wants a certificate and gets none says so only after the handshake, and then this time passes. */
const CONNECTS_WITHIN_MS = 5000;
const BETWEEN_RECONNECTS_MS = 200;
/** A server that is not heard for three of them is taken for lost. */
const PING_INTERVAL_MS = 2000;

/** Connects as `self`, and makes the bucket where the description says so. Rejects if no server lets it in. */
export async function connectNats(description: NatsDescription, self: string): Promise<Engine> {
  checkName('a peer', self);
  const connection = await open(description, self);
  try {
    if (description.create) await makeStreams(connection, description);
  } catch (error) {
    await connection.close();
    throw error;
  }
  return new NatsEngine(connection, description.bucket, self);
}

/** For operators whose peers may not: makes what the description names. */
export async function createBucket(description: NatsDescription): Promise<void> {
  const connection = await open(description, 'operator');
  try {
    await makeStreams(connection, description);
  } finally {
    await connection.close();
  }
}

function open({ servers, tls, authenticator }: NatsDescription, self: string): Promise<NatsConnection> {
  return connect({
    servers: [...servers],
    name: `vmoffer ${self}`,
    inboxPrefix: subjects.inbox(self),
    maxReconnectAttempts: -1,
    reconnectTimeWait: BETWEEN_RECONNECTS_MS,
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: 2,
    timeout: CONNECTS_WITHIN_MS,
    noAsyncTraces: true,
    ...(tls && { tls: tlsOptions(tls) }),
    ...(authenticator && { authenticator: authenticatorOf(authenticator) }),
  });
}

function tlsOptions({ ca, cert, key, handshakeFirst }: NatsTls): TlsOptions {
  return {
    ...(ca !== undefined && { caFile: ca }),
    ...(cert !== undefined && { certFile: cert }),
    ...(key !== undefined && { keyFile: key }),
    ...(handshakeFirst !== undefined && { handshakeFirst }),
  };
}

/** Files are read at each reconnect: a credential that was renewed is used. */
function authenticatorOf(given: NatsAuthenticator): Authenticator {
  if ('creds' in given) return credsAuthenticator(() => readFileSync(given.creds));
  if ('nkeySeed' in given) return nkeyAuthenticator(() => seedIn(given.nkeySeed));
  if ('token' in given) return tokenAuthenticator(given.token);
  return usernamePasswordAuthenticator(given.user, given.pass);
}

function seedIn(file: string): Uint8Array {
  return new TextEncoder().encode(readFileSync(file, 'utf8').trim());
}

import { connect, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';
import type { Engine } from '../engine.js';
import { checkName } from '../names.js';
import { explainConnect } from './connect-failures.js';
import { authenticatorOf, checkFiles, tlsOptions } from './credentials.js';
import { nats, type NatsDescription, type NatsOptions } from './description.js';
import { NatsEngine } from './nats-engine.js';
import { makeStreams } from './streams.js';
import { subjects } from './subjects.js';
import { sweep } from './sweep.js';

/** A server that wants a certificate and gets none says so only after the handshake, and then this time passes. */
const CONNECTS_WITHIN_MS = 5000;
const BETWEEN_RECONNECTS_MS = 200;
/** A server that is not heard for three of them is taken for lost. */
const PING_INTERVAL_MS = 2000;

/** Connects as `self`, and makes the bucket where the description says so. Rejects if no server lets it in. */
export async function connectNats(options: NatsOptions, self: string): Promise<Engine> {
  checkName('a peer', self);
  const description = nats(options); // it may come from a file
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
  await asOperator(description, (connection) => makeStreams(connection, description));
}

/** For operators: removes what is left of offers that have ended. @returns how many records and units were removed */
export async function sweepBucket(description: NatsDescription, olderThanMs: number): Promise<number> {
  return asOperator(description, (connection) => sweep(connection, description, olderThanMs));
}

async function asOperator<Result>(
  description: NatsDescription,
  run: (connection: NatsConnection) => Promise<Result>,
): Promise<Result> {
  const connection = await open(description, 'operator');
  try {
    return await run(connection);
  } finally {
    await connection.close();
  }
}

async function open(description: NatsDescription, self: string): Promise<NatsConnection> {
  checkFiles(description);
  try {
    return await connect(optionsFor(description, self));
  } catch (error) {
    throw explainConnect(error, description);
  }
}

function optionsFor({ servers, tls, authenticator }: NatsDescription, self: string): NodeConnectionOptions {
  return {
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
  };
}

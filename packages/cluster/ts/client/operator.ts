/** What an operator does to a bucket. */
import type { NatsDescription } from '../engine/nats/description.js';
import { invalid, toVmoError } from '../errors.js';

/** A record that has ended for so long is nobody's business any more, however late a message comes. */
const OLDER_THAN_MS = 60 * 60 * 1000;

/**
 * For operators whose peers may not: makes the bucket and the store that the description names.
 *
 * @param description what `nats()` returns, with the operator's authenticator.
 * @returns a promise that rejects with a `VmoError`, as that of `join()`.
 */
export async function createBucket(description: NatsDescription): Promise<void> {
  const connecting = await load();
  await connecting.createBucket(description).catch(rethrow);
}

/**
 * For operators: removes what offers that have ended leave in the bucket and in the store, about 100 bytes for each record and each
 * unit. An agent that joins reads what is there of its peer. Run it once a day.
 *
 * @param description what `nats()` returns, with the operator's authenticator.
 * @param options `olderThanMs`: how long ago an offer must have ended. Default: an hour.
 * @returns a promise of how many records and units were removed. It rejects with a `VmoError`, as that of `join()`.
 */
export async function sweepBucket(
  description: NatsDescription,
  { olderThanMs = OLDER_THAN_MS }: { olderThanMs?: number } = {},
): Promise<number> {
  if (!Number.isFinite(olderThanMs) || olderThanMs < 0)
    throw invalid(`olderThanMs must be milliseconds from 0 on, got ${olderThanMs}`);
  const connecting = await load();
  return connecting.sweepBucket(description, olderThanMs).catch(rethrow);
}

/** The client of NATS is loaded when it is used. */
function load() {
  return import('../engine/nats/connect.js');
}

function rethrow(error: unknown): never {
  throw toVmoError(error);
}

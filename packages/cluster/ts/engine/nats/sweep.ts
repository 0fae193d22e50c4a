/** Removes what withdrawn records and dropped units leave in a bucket. It works with the permissions of the example's operator. */
import { JetStreamApiError, jetstreamManager, type JetStreamManager, type StoredMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { EngineError } from '../engine.js';
import type { NatsDescription } from './description.js';
import { engineErrorOf } from './failures.js';
import { streams } from './subjects.js';

/** Subjects that are looked at, at once. */
const AT_ONCE = 64;
const NO_MESSAGE = 10037;
const NO_STREAM = 10059;

/** @returns how many records and units were removed */
export async function sweep(
  connection: NatsConnection,
  { bucket }: NatsDescription,
  olderThanMs: number,
): Promise<number> {
  const before = Date.now() - olderThanMs;
  const manager = await jetstreamManager(connection, { checkAPI: false });
  try {
    const records = await sweepStream(
      manager,
      streams.book(bucket),
      (last) => isWithdrawal(last) && isOld(last, before),
    );
    const units = await sweepStream(manager, streams.store(bucket), (last) => isEmpty(last) && isOld(last, before));
    return records + units;
  } catch (error) {
    throw explained(error, bucket);
  }
}

function explained(error: unknown, bucket: string): unknown {
  const isMissing = error instanceof JetStreamApiError && error.code === NO_STREAM;
  if (isMissing) return new EngineError('gone', `there is no bucket ${bucket}: see createBucket()`, { cause: error });
  return engineErrorOf(error);
}

async function sweepStream(
  manager: JetStreamManager,
  stream: string,
  isOver: (last: StoredMsg) => boolean,
): Promise<number> {
  const { state } = await manager.streams.info(stream, { subjects_filter: '>' });
  const subjects = Object.keys(state.subjects ?? {});
  let removed = 0;
  const work = async () => {
    for (let subject = subjects.pop(); subject !== undefined; subject = subjects.pop()) {
      const last = await lastOf(manager, stream, subject);
      if (!last || !isOver(last)) continue;
      await manager.streams.purge(stream, { filter: subject, seq: last.seq + 1 }); // what came later stays
      removed++;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return removed;
}

async function lastOf(manager: JetStreamManager, stream: string, subject: string): Promise<StoredMsg | undefined> {
  try {
    return (await manager.streams.getMessage(stream, { last_by_subj: subject })) ?? undefined;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === NO_MESSAGE) return undefined; // another operator was faster
    throw error;
  }
}

function isWithdrawal({ header }: StoredMsg): boolean {
  return header.has('KV-Operation');
}

function isEmpty({ data }: StoredMsg): boolean {
  return data.byteLength === 0;
}

function isOld({ time }: StoredMsg, before: number): boolean {
  return time.getTime() <= before;
}

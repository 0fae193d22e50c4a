import {
  DiscardPolicy,
  JetStreamApiError,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type StreamConfig,
} from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { textOf } from '../../errors.js';
import { EngineError } from '../engine.js';
import type { NatsDescription } from './description.js';
import { engineErrorOf } from './failures.js';
import { streams, subjects } from './subjects.js';

const OVERLAP = 10065;
/** The stream is there, with other settings: its operator knows why. */
const OTHER_SETTINGS = 10058;

type Wanted = Partial<StreamConfig> & { name: string };

/** How much of a record's log is kept. The last two would do, but that rivals may write at the same time. */
const CHANGES_KEPT = 16;

/** Makes the bucket and the store, unless they are there. */
export async function makeStreams(connection: NatsConnection, { bucket, replicas }: NatsDescription): Promise<void> {
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const wanted = [
    { name: streams.book(bucket), subjects: [`$KV.${bucket}.>`], max_msgs_per_subject: CHANGES_KEPT },
    { name: streams.store(bucket), subjects: [subjects.unit(bucket, '*', '*', '*', '*')], max_msgs_per_subject: 1 },
  ];
  for (const stream of wanted) {
    await makeStream(manager, { ...stream, ...COMMON, num_replicas: replicas }).catch((error: unknown) => {
      throw explained(error, stream.name);
    });
  }
}

/** The server says 'overlap' to one of two peers that make the same stream at the same time: it is there when asked again. */
async function makeStream(manager: JetStreamManager, stream: Wanted, isAgain = false): Promise<void> {
  try {
    await manager.streams.add(stream);
  } catch (error) {
    const code = error instanceof JetStreamApiError ? error.code : undefined;
    if (code === OVERLAP && !isAgain) await makeStream(manager, stream, true);
    else if (code !== OTHER_SETTINGS) throw error;
  }
}

/** Kept in files. Whoever may write to a subject cannot use that to remove other messages. */
const COMMON: Partial<StreamConfig> = {
  retention: RetentionPolicy.Limits,
  discard: DiscardPolicy.New,
  storage: StorageType.File,
  allow_direct: true,
  allow_rollup_hdrs: false,
};

function explained(error: unknown, stream: string): unknown {
  const known = engineErrorOf(error);
  if (known instanceof EngineError && known.reason === 'not-permitted') {
    const message = `this peer may not make the stream ${stream}: let an operator call createBucket(), and pass create: false`;
    return new EngineError('not-permitted', message, { cause: known });
  }
  if (known instanceof EngineError) return known;
  return new EngineError('refused', `the NATS server did not make the stream ${stream}: ${textOf(error)}`, {
    cause: error,
  });
}

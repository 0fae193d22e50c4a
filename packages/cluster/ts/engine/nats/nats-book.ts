import type { Msg } from '@nats-io/transport-node';
import { EngineError, type Entry, type OfferName, type OfferRecord } from '../engine.js';
import { decodeRecord, encodeRecord } from '../record.js';
import { isNoResponders } from './failures.js';
import { LineLost, type Line } from './line.js';
import { streams, subjects } from './subjects.js';

const PATIENCE_MS = 5000;
const BETWEEN_TRIES_MS = 100;
const EXPECTED = 'Nats-Expected-Last-Subject-Sequence';
/** No subject has such a sequence ever: what expects it is refused. */
const NEVER = String(Number.MAX_SAFE_INTEGER);
const WRONG_SEQUENCE = [10071, 10164];
/** The cluster has no quorum at the moment. */
const UNAVAILABLE = 10008;

interface Answer {
  seq?: number;
  error?: { err_code?: number; description?: string };
}

/** The records, in a bucket of NATS' key-value store. */
export class NatsBook {
  readonly #line: Line;
  readonly #bucket: string;

  constructor(line: Line, bucket: string) {
    this.#line = line;
    this.#bucket = bucket;
  }

  announce(record: OfferRecord): Promise<Entry> {
    return this.#write(record, encodeRecord(record), 0);
  }

  replace({ revision }: Entry, next: OfferRecord): Promise<Entry> {
    return this.#write(next, encodeRecord(next), revision);
  }

  async withdraw({ record, revision }: Entry): Promise<void> {
    const answer = await this.#publish(record, { [EXPECTED]: String(revision), 'KV-Operation': 'DEL' });
    expectWritten(record, answer);
  }

  /**
   * The leader's word without the right to read everything: it refuses a write that expects a wrong sequence, and says which
   * one is right. Any replica may then give the record, unless what it has is older.
   */
  find(name: OfferName): Promise<Entry | undefined> {
    return within(async (signal) => {
      for (;;) {
        const last = await this.#lastSequence(name, signal);
        if (last === 0) return undefined;
        const message = await this.#readAnywhere(name, signal);
        const sequence = Number(message?.headers?.get('Nats-Sequence') ?? 0);
        if (message && sequence >= last) return entryOf(name, message, sequence);
        await this.#line.pause(BETWEEN_TRIES_MS / 10, signal);
      }
    });
  }

  async #write(record: OfferRecord, bytes: Uint8Array, revision: number): Promise<Entry> {
    const answer = await this.#publish(record, { [EXPECTED]: String(revision) }, bytes);
    return { record: structuredClone(record), revision: expectWritten(record, answer) };
  }

  /** Rejects with 'uncertain' if it may have been written although no answer has come. */
  async #publish(name: OfferName, headers: Record<string, string>, body?: Uint8Array): Promise<Answer> {
    try {
      return await within((signal) => this.#askLeader(name, headers, body, signal));
    } catch (error) {
      const isLost = error instanceof LineLost || (error instanceof EngineError && error.reason === 'timeout');
      if (!isLost) throw error;
      const message = `no answer has come for offer ${name.id}: read the record to find out what it is`;
      throw new EngineError('uncertain', message, { cause: error });
    }
  }

  /** Without a leader nothing is written, and it may be asked again. */
  async #askLeader(
    name: OfferName,
    headers: Record<string, string>,
    body: Uint8Array | undefined,
    signal: AbortSignal,
  ): Promise<Answer> {
    const question = { subject: subjects.record(this.#bucket, name), headers, ...(body && { body }) };
    for (;;) {
      try {
        const answer = (await this.#line.askOnce(question, signal)).json<Answer>();
        if (answer.error?.err_code !== UNAVAILABLE) return answer;
      } catch (error) {
        if (!isNoResponders(error)) throw error;
      }
      await this.#line.pause(BETWEEN_TRIES_MS, signal);
    }
  }

  async #lastSequence(name: OfferName, signal: AbortSignal): Promise<number> {
    for (;;) {
      const answer = await this.#askAgain(name, signal);
      const said = /wrong last sequence: (\d+)/.exec(answer.error?.description ?? '')?.[1];
      if (said !== undefined) return Number(said);
      if (!isConflict(answer)) expectWritten(name, answer);
      await this.#line.pause(BETWEEN_TRIES_MS / 10, signal);
    }
  }

  /** It writes nothing in any case, so that a lost answer does no harm. */
  async #askAgain(name: OfferName, signal: AbortSignal): Promise<Answer> {
    for (;;) {
      try {
        return await this.#askLeader(name, { [EXPECTED]: NEVER }, undefined, signal);
      } catch (error) {
        if (!(error instanceof LineLost)) throw error;
      }
    }
  }

  async #readAnywhere(name: OfferName, signal: AbortSignal): Promise<Msg | undefined> {
    const subject = subjects.directGet(streams.book(this.#bucket), subjects.record(this.#bucket, name));
    try {
      const message = await this.#line.ask({ subject }, signal);
      return message.headers?.code === 404 ? undefined : message;
    } catch (error) {
      if (isNoResponders(error)) return undefined;
      throw error;
    }
  }
}

/** Runs it for as long as a call without a signal may take. Rejects with 'timeout' after that. */
async function within<Result>(run: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const patience = new AbortController();
  const late = new EngineError('timeout', `the bucket has not answered within ${PATIENCE_MS} ms`);
  const timer = setTimeout(() => {
    patience.abort(late);
  }, PATIENCE_MS);
  try {
    return await run(patience.signal);
  } finally {
    clearTimeout(timer);
  }
}

function isConflict({ error }: Answer): boolean {
  return WRONG_SEQUENCE.includes(error?.err_code ?? 0);
}

/** The sequence of what was written. */
function expectWritten({ id }: OfferName, answer: Answer): number {
  if (isConflict(answer)) {
    throw new EngineError('conflict', `the record of offer ${id} is not what it was: read it again`);
  }
  if (answer.seq !== undefined) return answer.seq;
  throw new EngineError(
    'refused',
    `the bucket refused offer ${id}: ${answer.error?.description ?? 'without a reason'}`,
  );
}

function entryOf(name: OfferName, message: Msg, revision: number): Entry | undefined {
  if (message.headers?.has('KV-Operation')) return undefined;
  const record = decodeRecord(name, message.data);
  if (record) return { record, revision };
  throw new EngineError('refused', `the bucket has something else than a record of offer ${name.id}`);
}

import { EngineError, type Entry, type OfferName, type OfferRecord } from '../engine.js';
import { encodeRecord } from '../record.js';
import { isNoResponders } from './failures.js';
import { LineLost, type Line } from './line.js';
import { REPLACES, type RecordLog } from './record-log.js';
import type { RecordState } from './record-state.js';
import { subjects } from './subjects.js';

const PATIENCE_MS = 5000;
const BETWEEN_TRIES_MS = 100;
const EXPECTED = 'Nats-Expected-Last-Subject-Sequence';
/** No subject has such a sequence ever: what expects it is refused. */
const NEVER = String(Number.MAX_SAFE_INTEGER);
const WRONG_SEQUENCE = [10071, 10164];
/** The cluster has no quorum at the moment. */
const UNAVAILABLE = 10008;

interface Change {
  name: OfferName;
  /** The revision that counts now, as far as the writer knows. */
  replaces: number;
  body?: Uint8Array;
  headers?: Record<string, string>;
}

interface Answer {
  seq?: number;
  error?: { err_code?: number; description?: string };
}

/**
 * The records: each is a log of a few messages in a bucket of NATS' key-value store. The server refuses what expects another last
 * message, but before 2.11 servers of a cluster let in two that expect the same while their leader changes. So what counts is decided
 * by the log (RecordState), and a writer waits until it has read there that its own message counts.
 */
export class NatsBook {
  readonly #line: Line;
  readonly #bucket: string;
  readonly #log: RecordLog;

  constructor(line: Line, bucket: string, log: RecordLog) {
    this.#line = line;
    this.#bucket = bucket;
    this.#log = log;
  }

  announce(record: OfferRecord): Promise<Entry> {
    return this.#writeRecord(record, 0);
  }

  replace({ revision }: Entry, next: OfferRecord): Promise<Entry> {
    return this.#writeRecord(next, revision);
  }

  async withdraw({ record, revision }: Entry): Promise<void> {
    await this.#write({ name: record, replaces: revision, headers: { 'KV-Operation': 'DEL' } });
  }

  /**
   * The leader's word without the right to read everything: it refuses a write that expects a wrong sequence, and says which
   * one is right. The log is then followed as far as that.
   */
  find(name: OfferName): Promise<Entry | undefined> {
    return within(async (signal) => (await this.#upToDate(name, signal))?.entry).then(structuredClone);
  }

  async #writeRecord(record: OfferRecord, replaces: number): Promise<Entry> {
    const revision = await this.#write({ name: record, replaces, body: encodeRecord(record) });
    return { record: structuredClone(record), revision };
  }

  /** Rejects with 'uncertain' if it may have been written although no answer has come. */
  async #write(change: Change): Promise<number> {
    try {
      return await within((signal) => this.#tryToWrite(change, signal));
    } catch (error) {
      const isLost = error instanceof LineLost || (error instanceof EngineError && error.reason === 'timeout');
      if (!isLost) throw error;
      const message = `no answer has come for offer ${change.name.id}: read the record to find out what it is`;
      throw new EngineError('uncertain', message, { cause: error });
    }
  }

  async #tryToWrite({ name, replaces, body, headers }: Change, signal: AbortSignal): Promise<number> {
    for (;;) {
      const known = this.#log.known(name);
      if (known && known.revision > replaces) throw conflict(name);
      const last = Math.max(known?.last ?? 0, replaces); // the log may not be read as far as that yet
      const expected = { [EXPECTED]: String(last), [REPLACES]: String(replaces) };
      const answer = await this.#askLeader(name, { ...headers, ...expected }, body, signal);
      if (!isConflict(answer)) return this.#expectCounted(name, sequenceOf(name, answer), signal);
      // Refused because the log was not yet read to its end, or because of a message that does not count: try with what is last now.
      const now = await this.#upToDate(name, signal);
      if ((now?.revision ?? 0) !== replaces || (now?.last ?? 0) === last) throw conflict(name);
    }
  }

  async #expectCounted(name: OfferName, sequence: number, signal: AbortSignal): Promise<number> {
    const state = await this.#log.upTo(name, sequence, signal);
    if (state?.hasCounted(sequence)) return sequence;
    throw conflict(name);
  }

  async #upToDate(name: OfferName, signal: AbortSignal): Promise<RecordState | undefined> {
    const last = await this.#lastSequence(name, signal);
    return last === 0 ? undefined : this.#log.upTo(name, last, signal);
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
      if (!isConflict(answer)) sequenceOf(name, answer);
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
}

/** Runs it for as long as a call without a signal may take. Rejects with 'timeout' after that. */
async function within<Result>(run: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const patience = new AbortController();
  const late = new EngineError(
    'timeout',
    `the bucket has not answered within ${PATIENCE_MS} ms: no server leads it, or it was never made; see createBucket()`,
  );
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

function conflict({ id }: OfferName): EngineError {
  return new EngineError('conflict', `the record of offer ${id} is not what it was: read it again`);
}

/** The sequence of what was written. */
function sequenceOf({ id }: OfferName, answer: Answer): number {
  if (answer.seq !== undefined) return answer.seq;
  throw new EngineError(
    'refused',
    `the bucket refused offer ${id}: ${answer.error?.description ?? 'without a reason'}`,
  );
}

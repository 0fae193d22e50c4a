import { EngineError, type Store } from '../engine.js';
import { checkUnit } from '../names.js';
import { isNoResponders } from './failures.js';
import { Follower } from './follower.js';
import type { Line } from './line.js';
import { streams, subjects } from './subjects.js';

const PATIENCE_MS = 10_000;
const NOTHING = new Uint8Array(0);

/** Units in a stream, a message each. An empty message stands for one that was dropped: it takes the place of the bytes. */
export class NatsStore implements Store {
  readonly #line: Line;
  readonly #bucket: string;
  readonly #self: string;

  constructor(line: Line, bucket: string, self: string) {
    this.#line = line;
    this.#bucket = bucket;
    this.#self = self;
  }

  async put(object: string, reader: string, unit: number, bytes: Uint8Array): Promise<void> {
    checkUnit(reader, object, unit);
    if (bytes.byteLength === 0) throw new RangeError(`a unit must have bytes, got none; leave unit ${unit} out`);
    await this.#write(subjects.unit(this.#bucket, this.#self, reader, object, unit), bytes);
  }

  async get(holder: string, object: string, unit: number, signal: AbortSignal): Promise<Uint8Array> {
    checkUnit(holder, object, unit);
    const subject = subjects.unit(this.#bucket, holder, this.#self, object, unit);
    const { headers, data } = await this.#line.ask({ subject: subjects.directGet(this.#stream, subject) }, signal);
    if (headers?.code !== 404 && data.byteLength > 0) return data;
    throw new EngineError('gone', `unit ${unit} of ${object}, from ${holder}, is not stored`);
  }

  async drop(object: string, reader: string): Promise<void> {
    checkUnit(reader, object, 0);
    const units = await this.#list(subjects.unit(this.#bucket, this.#self, reader, object, '*'));
    for (const unit of units) await this.#write(unit, NOTHING);
  }

  get #stream(): string {
    return streams.store(this.#bucket);
  }

  /** The subjects of what is stored or was dropped. */
  async #list(filter: string): Promise<string[]> {
    const found = new Set<string>();
    const done = new AbortController();
    const follower = new Follower(this.#line, {
      stream: this.#stream,
      filter,
      inbox: subjects.inbox(this.#self),
      headersOnly: true,
      begin: (pending) => {
        if (pending === 0) done.abort();
      },
      take: ({ subject }, { pending }) => {
        found.add(subject);
        if (pending === 0) done.abort();
      },
    });
    await follower.run(done.signal);
    return [...found];
  }

  /** Written twice it is the same: what was lost may be sent again. */
  async #write(subject: string, body: Uint8Array): Promise<void> {
    const answer = (await this.#line.ask({ subject, body }, AbortSignal.timeout(PATIENCE_MS)).catch(explain)).json<{
      error?: { description: string };
    }>();
    if (answer.error)
      throw new EngineError('refused', `the store did not take ${subject}: ${answer.error.description}`);
  }
}

function explain(error: unknown): never {
  if (isNoResponders(error)) {
    throw new EngineError('gone', 'no server leads the store, or it was never made: see createBucket()', {
      cause: error,
    });
  }
  if (error instanceof Error && error.name === 'TimeoutError') {
    throw new EngineError('timeout', `the store has not answered within ${PATIENCE_MS} ms`, { cause: error });
  }
  throw error;
}

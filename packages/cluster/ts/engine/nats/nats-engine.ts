import type { NatsConnection } from '@nats-io/transport-node';
import { ChangeQueue } from '../change-queue.js';
import type {
  AnswerRange,
  ByteRange,
  Change,
  Engine,
  Entry,
  OfferName,
  OfferRecord,
  Service,
  Store,
} from '../engine.js';
import { checkName, checkNewRecord, checkOfferName, checkSameOffer } from '../names.js';
import { checkRange } from '../range.js';
import { closedError, Line } from './line.js';
import { NatsBook } from './nats-book.js';
import { NatsStore } from './nats-store.js';
import { RangeReader } from './range-reader.js';
import { RangeService } from './range-service.js';
import { RecordLog } from './record-log.js';
import { subjects } from './subjects.js';

/** What close() waits for so that answers which are under way leave. */
const FLUSHES_WITHIN_MS = 1000;

/** A peer's connection to NATS. */
export class NatsEngine implements Engine {
  readonly self: string;
  readonly closed: Promise<Error | undefined>;
  readonly store: Store;
  readonly #connection: NatsConnection;
  readonly #line: Line;
  readonly #log: RecordLog;
  readonly #book: NatsBook;
  readonly #reader: RangeReader;
  readonly #services = new Set<RangeService>();
  readonly #closing = new AbortController();

  constructor(connection: NatsConnection, bucket: string, self: string) {
    this.self = self;
    this.#connection = connection;
    this.#line = new Line(connection);
    this.#log = new RecordLog(this.#line, bucket, self);
    this.#book = new NatsBook(this.#line, bucket, this.#log);
    this.#reader = new RangeReader(this.#line, self);
    this.store = new NatsStore(this.#line, bucket, self);
    this.closed = connection.closed().then((error) => error ?? undefined);
  }

  async announce(record: OfferRecord): Promise<Entry> {
    checkNewRecord(this.self, record);
    return this.#book.announce(record);
  }

  async replace(entry: Entry, next: OfferRecord): Promise<Entry> {
    checkOfferName(this.self, entry.record);
    checkSameOffer(entry.record, next);
    return this.#book.replace(entry, next);
  }

  async withdraw(entry: Entry): Promise<void> {
    checkOfferName(this.self, entry.record);
    await this.#book.withdraw(entry);
  }

  async find(name: OfferName): Promise<Entry | undefined> {
    checkOfferName(this.self, name);
    return this.#book.find(name);
  }

  async *watch(signal: AbortSignal): AsyncGenerator<Change, void> {
    if (this.#connection.isClosed()) throw closedError();
    const until = AbortSignal.any([signal, this.#closing.signal]);
    const hasEnded = () => until.aborted;
    if (hasEnded()) return;
    const queue = new ChangeQueue();
    const end = () => {
      queue.end();
    };
    until.addEventListener('abort', end);
    const stop = this.#log.watch(queue);
    try {
      yield* queue.take();
    } finally {
      stop();
      until.removeEventListener('abort', end);
    }
  }

  async serve(object: string, reader: string, answer: AnswerRange): Promise<Service> {
    checkName('an object', object);
    checkName('a peer', reader);
    return this.#listen(subjects.range(this.self, reader, object), answer);
  }

  async read(holder: string, object: string, range: ByteRange, signal: AbortSignal): Promise<Uint8Array> {
    checkName('a peer', holder);
    checkName('an object', object);
    checkRange(range);
    return this.#reader.read(holder, object, range, signal);
  }

  async ping(peer: string, signal: AbortSignal): Promise<boolean> {
    checkName('a peer', peer);
    return this.#reader.ping(peer, signal);
  }

  listen(): Promise<Service> {
    return this.#listen(subjects.ping(this.self, '*'), () => {
      throw new Error('an agent has no bytes itself');
    });
  }

  async close(): Promise<void> {
    this.#closing.abort(closedError());
    this.#log.end();
    for (const service of this.#services) service.stop();
    await this.#line.flush(FLUSHES_WITHIN_MS);
    this.#line.end();
    if (!this.#connection.isClosed()) await this.#connection.close();
    await this.closed;
  }

  async #listen(subject: string, answer: AnswerRange): Promise<Service> {
    if (this.#connection.isClosed()) throw closedError();
    const service = new RangeService(this.#connection, subject, answer);
    this.#services.add(service);
    try {
      await service.ready(this.#line, this.#closing.signal);
    } catch (error) {
      this.#services.delete(service);
      service.stop();
      throw error;
    }
    return {
      close: () => {
        this.#services.delete(service);
        return service.close();
      },
    };
  }
}

import { ChangeQueue } from '../change-queue.js';
import {
  EngineError,
  type AnswerRange,
  type ByteRange,
  type Change,
  type Engine,
  type Entry,
  type OfferName,
  type OfferRecord,
  type Service,
  type Store,
} from '../engine.js';
import { checkName, checkNewRecord, checkOfferName, checkSameOffer } from '../names.js';
import { answerExactly, checkRange, gone, refusal } from '../range.js';
import type { Link } from './link.js';
import type { MemoryHub } from './memory-hub.js';
import { Answerer } from './answerer.js';
import { MemoryStore } from './memory-store.js';

/** A peer's connection to a hub. */
export class MemoryEngine implements Engine {
  readonly self: string;
  readonly closed: Promise<Error | undefined>;
  readonly store: Store;
  readonly #hub: MemoryHub;
  readonly #link: Link;
  readonly #ending = new AbortController();
  readonly #services = new Set<Answerer>();
  #end!: (cause: Error | undefined) => void;

  constructor(hub: MemoryHub, self: string) {
    this.self = self;
    this.closed = new Promise((resolve) => (this.#end = resolve));
    this.#hub = hub;
    this.#link = hub.link(self);
    this.store = new MemoryStore(hub.units, self, (run, signal) => this.#request(run, signal));
  }

  async announce(record: OfferRecord): Promise<Entry> {
    checkNewRecord(this.self, record);
    return this.#compareAndSet(() => this.#hub.book.announce(record));
  }

  async replace(entry: Entry, next: OfferRecord): Promise<Entry> {
    checkOfferName(this.self, entry.record);
    checkSameOffer(entry.record, next);
    return this.#compareAndSet(() => this.#hub.book.replace(entry, next));
  }

  async withdraw(entry: Entry): Promise<void> {
    checkOfferName(this.self, entry.record);
    await this.#compareAndSet(() => {
      this.#hub.book.withdraw(entry);
    });
  }

  async find(name: OfferName): Promise<Entry | undefined> {
    checkOfferName(this.self, name);
    return this.#request(() => this.#hub.book.find(name));
  }

  async *watch(signal: AbortSignal): AsyncGenerator<Change, void> {
    const queue = new ChangeQueue();
    const until = AbortSignal.any([signal, this.#ending.signal]);
    const hasEnded = () => until.aborted;
    if (hasEnded()) return;
    const end = () => {
      queue.end();
    };
    until.addEventListener('abort', end);
    const stop = this.#hub.book.watch(this.self, (change) => {
      queue.push(change);
    });
    try {
      for await (const change of queue.take()) {
        await this.#link.cross(until);
        yield change;
      }
    } catch (error) {
      if (!hasEnded()) throw error;
    } finally {
      stop();
      until.removeEventListener('abort', end);
    }
  }

  async serve(object: string, reader: string, answer: AnswerRange): Promise<Service> {
    checkName('an object', object);
    checkName('a peer', reader);
    return this.#offerService(serviceKey(this.self, reader, object), answer);
  }

  async read(holder: string, object: string, range: ByteRange, signal: AbortSignal): Promise<Uint8Array> {
    checkName('a peer', holder);
    checkName('an object', object);
    checkRange(range);
    const ask = (answer: AnswerRange) => answerExactly(answer, range);
    return this.#ask(holder, object, serviceKey(holder, this.self, object), ask, signal);
  }

  async ping(peer: string, signal: AbortSignal): Promise<boolean> {
    checkName('a peer', peer);
    try {
      await this.#ask(peer, 'pings', peer, (answer) => answerExactly(answer, { offset: 0, byteLength: 0 }), signal);
      return true;
    } catch (error) {
      if (error instanceof EngineError && error.reason === 'gone') return false;
      throw error;
    }
  }

  async listen(): Promise<Service> {
    return this.#offerService(this.self, () => new Uint8Array(0));
  }

  close(): Promise<void> {
    this.#finish(undefined);
    return Promise.resolve();
  }

  /** As when the process is killed. */
  kill(cause: Error): void {
    this.#finish(cause);
  }

  /** Whoever asks this peer is told at once that it is gone. */
  #finish(cause: Error | undefined): void {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort(new EngineError('closed', `the connection of ${this.self} is closed`, { cause }));
    for (const service of this.#services) service.kill();
    this.#end(cause);
  }

  #request<Result>(run: () => Result, signal?: AbortSignal): Promise<Result> {
    const crossing = async (until: AbortSignal) => {
      await this.#link.cross(until);
      const result = run();
      await this.#link.cross(until);
      return result;
    };
    return signal
      ? this.#untilClosed(crossing, signal)
      : this.#link.withPatience((patience) => this.#untilClosed(crossing, patience));
  }

  async #compareAndSet<Result>(run: () => Result): Promise<Result> {
    const loss = this.#link.takeLoss();
    if (loss === 'answer') await this.#request(run).catch(() => undefined);
    if (loss) throw new EngineError('uncertain', `the ${loss} was lost: read the record to find out what it is`);
    return this.#request(run).catch((error: unknown) => {
      if (!(error instanceof EngineError) || error.reason !== 'timeout') throw error;
      throw new EngineError('uncertain', 'no answer came in time: read the record to find out what it is', {
        cause: error,
      });
    });
  }

  async #ask(holder: string, object: string, key: string, ask: Ask, signal: AbortSignal): Promise<Uint8Array> {
    return this.#untilClosed(async (until) => {
      const links = [this.#link, this.#hub.link(holder)];
      for (const link of links) await link.cross(until);
      const service = this.#hub.services.get(key);
      if (!service) throw gone(holder, object);
      const bytes = await service.ask(ask, until, gone(holder, object)).catch((error: unknown) => {
        throw error instanceof EngineError || until.aborted ? error : refusal(holder, object, error);
      });
      for (const link of links) await link.cross(until);
      return bytes;
    }, signal);
  }

  /** Rejects with the signal's reason or, once the connection has ended, with 'closed'. */
  async #untilClosed<Result>(run: (until: AbortSignal) => Promise<Result>, signal: AbortSignal): Promise<Result> {
    const ending = this.#ending.signal;
    ending.throwIfAborted();
    return run(AbortSignal.any([signal, ending]));
  }

  async #offerService(key: string, answer: AnswerRange): Promise<Service> {
    await this.#link.cross(this.#ending.signal);
    if (this.#hub.services.has(key)) throw new TypeError(`${key} is served already: close that service first`);
    const service = new Answerer(answer, () => {
      this.#services.delete(service);
      if (this.#hub.services.get(key) === service) this.#hub.services.delete(key);
    });
    this.#services.add(service);
    this.#hub.services.set(key, service);
    return service;
  }
}

type Ask = (answer: AnswerRange) => Promise<Uint8Array>;

function serviceKey(holder: string, reader: string, object: string): string {
  return `${holder}.${reader}.${object}`;
}

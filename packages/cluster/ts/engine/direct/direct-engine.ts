import { invalid, textOf } from '../../errors.js';
import {
  EngineError,
  type AnswerRange,
  type ByteRange,
  type Change,
  type DirectAddress,
  type Engine,
  type Entry,
  type OfferName,
  type OfferRecord,
  type Service,
  type Store,
} from '../engine.js';
import { checkName } from '../names.js';
import { checkRange } from '../range.js';
import { AddressBook } from './address-book.js';
import { Credentials } from './credentials.js';
import { DirectFailure } from './exchange.js';
import { advertised, type DirectOptions } from './options.js';
import { RangeClient } from './range-client.js';
import { RangeServer } from './range-server.js';
import { Reachability } from './reachability.js';

/** Is told how ranges came. */
export interface DirectNews {
  readDirectly(): void;
  /** The holder's record has an address, but it could not be asked there. */
  fellBack(why: DirectFailure): void;
}

/**
 * An engine whose ranges come from agent to agent over HTTPS, where a record says so and it works. All else, and what cannot be had
 * directly, comes by way of the engine inside, which alone says that a holder is gone or refuses.
 */
export class DirectEngine implements Engine {
  readonly self: string;
  readonly closed: Promise<Error | undefined>;
  readonly direct: DirectAddress | undefined;
  readonly #inner: Engine;
  readonly #news: DirectNews;
  readonly #addresses: AddressBook;
  readonly #reachability = new Reachability();
  readonly #client: RangeClient;
  readonly #server: RangeServer | undefined;
  readonly #ending = new AbortController();

  /**
   * Listens, if the options say where.
   *
   * @throws VmoError if that is not possible, or the files of the options are not what they should be.
   */
  static async start(inner: Engine, options: DirectOptions, news: DirectNews): Promise<DirectEngine> {
    const credentials = readCredentials(options);
    const server = options.listen && (await RangeServer.listen(options.listen, credentials));
    return new DirectEngine(inner, news, new RangeClient(credentials), {
      server,
      address: server && advertised(options, server.port),
    });
  }

  private constructor(
    inner: Engine,
    news: DirectNews,
    client: RangeClient,
    { server, address }: { server: RangeServer | undefined; address: DirectAddress | undefined },
  ) {
    this.self = inner.self;
    this.#inner = inner;
    this.#news = news;
    this.#addresses = new AddressBook(inner.self);
    this.#client = client;
    this.#server = server;
    this.direct = address;
    this.closed = inner.closed.then(async (cause) => {
      await this.#end();
      return cause;
    });
  }

  get store(): Store | undefined {
    return this.#inner.store;
  }

  announce(record: OfferRecord): Promise<Entry> {
    return this.#inner.announce(record);
  }

  replace(entry: Entry, next: OfferRecord): Promise<Entry> {
    return this.#inner.replace(entry, next);
  }

  withdraw(entry: Entry): Promise<void> {
    return this.#inner.withdraw(entry);
  }

  find(name: OfferName): Promise<Entry | undefined> {
    return this.#inner.find(name);
  }

  /** Addresses are learnt here alone: what it tells is in order, so that nothing withdrawn is learnt again. */
  async *watch(signal: AbortSignal): AsyncGenerator<Change, void> {
    for await (const change of this.#inner.watch(signal)) {
      this.#addresses.onChange(change);
      yield change;
    }
  }

  async serve(object: string, reader: string, answer: AnswerRange): Promise<Service> {
    const service = await this.#inner.serve(object, reader, answer);
    const direct = this.#server?.serve(object, reader, answer);
    return {
      close: async () => {
        await Promise.all([direct?.close(), service.close()]);
      },
    };
  }

  async read(holder: string, object: string, range: ByteRange, signal: AbortSignal): Promise<Uint8Array> {
    checkName('a peer', holder);
    checkName('an object', object);
    checkRange(range);
    const address = this.#addresses.of(holder, object);
    const bytes = address && (await this.#readDirectly(holder, address, { object, range }, signal));
    return bytes ?? this.#inner.read(holder, object, range, signal);
  }

  ping(peer: string, signal: AbortSignal): Promise<boolean> {
    return this.#inner.ping(peer, signal);
  }

  listen(): Promise<Service> {
    return this.#inner.listen();
  }

  async close(): Promise<void> {
    const ended = this.#end();
    await this.#inner.close();
    await ended;
  }

  /** Undefined if it is to be asked for by way of the engine. */
  async #readDirectly(
    holder: string,
    address: DirectAddress,
    asked: { object: string; range: ByteRange },
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    const triedAt = performance.now();
    if (!this.#reachability.mayTry(holder, triedAt)) return undefined;
    try {
      const bytes = await this.#client.read(holder, address, asked, [signal, this.#ending.signal]);
      this.#reachability.succeeded(holder);
      if (bytes) this.#news.readDirectly();
      return bytes;
    } catch (error) {
      if (!(error instanceof DirectFailure)) throw error;
      this.#reachability.failed(holder, performance.now(), triedAt);
      this.#news.fellBack(error);
      return undefined;
    }
  }

  async #end(): Promise<void> {
    this.#ending.abort(new EngineError('closed', `the connection of ${this.self} is closed`));
    this.#client.close();
    await this.#server?.close();
  }
}

function readCredentials({ tls }: DirectOptions): Credentials {
  try {
    return new Credentials(tls);
  } catch (cause) {
    throw invalid(`direct.tls: ${textOf(cause)}; name files in PEM: a certificate, its key, and the authority`, {
      cause,
    });
  }
}

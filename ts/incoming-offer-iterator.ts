import { log } from './log.js';
import type { NativeOfferRecord } from './native.js';
import { OfferWatch, type Wanted } from './offer-watch.js';

interface Waiter<T> {
  resolve: (result: IteratorResult<T, undefined>) => void;
  reject: (reason: unknown) => void;
}

/**
 * Yields `make(record)` for each wanted offer made to this process, from the first `next()` until it is stopped. Offers that
 * the program has not asked for wait in the engine, and hold up their own source only.
 */
export class IncomingOfferIterator<T extends object> implements AsyncIterableIterator<T, undefined> {
  readonly #wanted: Wanted;
  readonly #make: (record: NativeOfferRecord) => T;
  readonly #signal: AbortSignal | undefined;
  readonly #waiters: Waiter<T>[] = [];
  #state: 'new' | 'open' | 'aborted' | 'done' = 'new';
  #watch: OfferWatch | undefined;
  /** The offers that had arrived when the signal was aborted. */
  #left: NativeOfferRecord[] = [];

  constructor(wanted: Wanted, make: (record: NativeOfferRecord) => T, signal: AbortSignal | undefined) {
    this.#wanted = wanted;
    this.#make = make;
    this.#signal = signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      if (this.#state === 'new') this.#start();
      this.#waiters.push({ resolve, reject });
      this.#deliver();
    });
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#close('done');
    return Promise.resolve({ value: undefined, done: true });
  }

  #start(): void {
    if (this.#signal?.aborted) {
      this.#state = 'aborted';
      return;
    }
    this.#watch = new OfferWatch(this.#wanted, this.#signal, {
      onAvailable: () => {
        this.#deliver();
      },
      onAbort: () => {
        this.#close('aborted');
      },
    });
    this.#state = 'open';
  }

  #close(state: 'aborted' | 'done'): void {
    if (this.#state === 'done') return;
    this.#state = state;
    this.#left = state === 'aborted' ? this.#takeAll() : [];
    this.#watch?.stop();
    this.#watch = undefined;
    this.#deliver();
    log.incoming(state);
  }

  #takeAll(): NativeOfferRecord[] {
    const records: NativeOfferRecord[] = [];
    for (let record = this.#take(); record; record = this.#take()) records.push(record);
    return records;
  }

  #take(): NativeOfferRecord | undefined {
    return this.#watch ? this.#watch.take() : this.#left.shift();
  }

  /** Delivers offers that have arrived first, then the reason of the abort, once, then the end. */
  #deliver(): void {
    while (this.#waiters.length > 0) {
      const record = this.#take();
      if (!record && this.#state === 'open') return;
      this.#settle(this.#waiters.shift(), record);
    }
  }

  #settle(waiter: Waiter<T> | undefined, record: NativeOfferRecord | undefined): void {
    if (record) {
      waiter?.resolve({ value: this.#make(record), done: false });
    } else if (this.#state === 'aborted') {
      this.#state = 'done';
      waiter?.reject(this.#signal?.reason);
    } else {
      waiter?.resolve({ value: undefined, done: true });
    }
  }
}

import { keepAlive } from './keep-alive.js';
import { addon } from './load-addon.js';
import { log } from './log.js';
import type { NativeOfferRecord } from './native.js';

interface Waiter<T> {
  resolve: (result: IteratorResult<T, undefined>) => void;
  reject: (reason: unknown) => void;
}

/** Yields what `select` makes of each offer made to this process, from the first `next()` to the end that stops it. */
export class IncomingOfferIterator<T extends object> implements AsyncIterableIterator<T, undefined> {
  readonly #select: (record: NativeOfferRecord) => T | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #arrived: T[] = [];
  readonly #waiters: Waiter<T>[] = [];
  #state: 'new' | 'open' | 'aborted' | 'done' = 'new';
  #stop: (() => void) | undefined;

  constructor(select: (record: NativeOfferRecord) => T | undefined, signal: AbortSignal | undefined) {
    this.#select = select;
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
    const stopWatching = addon().watchIncoming((record) => {
      this.#receive(record);
    });
    const letGo = keepAlive();
    const onAbort = () => {
      this.#close('aborted');
    };
    this.#signal?.addEventListener('abort', onAbort);
    this.#stop = () => {
      stopWatching();
      letGo();
      this.#signal?.removeEventListener('abort', onAbort);
    };
    this.#state = 'open';
    log.incoming('watching');
  }

  #receive(record: NativeOfferRecord): void {
    const offer = this.#select(record);
    if (!offer || this.#state === 'done') return;
    this.#arrived.push(offer);
    this.#deliver();
  }

  #close(state: 'aborted' | 'done'): void {
    if (this.#state === 'done') return;
    this.#state = state;
    if (state === 'done') this.#arrived.length = 0;
    this.#stop?.();
    this.#stop = undefined;
    this.#deliver();
    log.incoming(state);
  }

  #deliver(): void {
    while (this.#arrived.length > 0 || this.#state !== 'open') {
      const waiter = this.#waiters.shift();
      if (!waiter) return;
      this.#settle(waiter);
    }
  }

  /** What has arrived comes first, then the abort's reason, once, then the end. */
  #settle({ resolve, reject }: Waiter<T>): void {
    const value = this.#arrived.shift();
    if (value) {
      resolve({ value, done: false });
    } else if (this.#state === 'aborted') {
      this.#state = 'done';
      reject(this.#signal?.reason);
    } else {
      resolve({ value: undefined, done: true });
    }
  }
}

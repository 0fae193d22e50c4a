import { keepAlive } from './keep-alive.js';
import type { OfferKind } from './kinds.js';
import { addon } from './load-addon.js';
import { log } from './log.js';
import type { NativeOfferRecord } from './native.js';

interface Waiter<T> {
  resolve: (result: IteratorResult<T, undefined>) => void;
  reject: (reason: unknown) => void;
}

/** Which offers made to this process. */
export interface Wanted {
  kind: OfferKind;
  /** The process that made them. Undefined: any. */
  from: number | undefined;
}

/** Yields what `make` makes of each wanted offer made to this process, from the first `next()` to the end that stops it. */
export class IncomingOfferIterator<T extends object> implements AsyncIterableIterator<T, undefined> {
  readonly #wanted: Wanted;
  readonly #make: (record: NativeOfferRecord) => T;
  readonly #signal: AbortSignal | undefined;
  readonly #arrived: T[] = [];
  readonly #waiters: Waiter<T>[] = [];
  #state: 'new' | 'open' | 'aborted' | 'done' = 'new';
  #stop: (() => void) | undefined;

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
    const { kind, from } = this.#wanted;
    const isWanted = record.kind === kind && (from === undefined || record.srcPid === from);
    if (!isWanted || this.#state === 'done') return;
    this.#arrived.push(this.#make(record));
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

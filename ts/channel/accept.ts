import { log } from '../log.js';
import type { NativeOfferRecord } from '../native.js';
import { claimRings, isGone, offeredRings } from './accept-rings.js';
import { dropRings, type Rings } from './rings.js';

/** The next channel that this process opens to us. What somebody else here has accepted first is passed over. */
export async function acceptOne(srcPid: number, signal: AbortSignal | undefined): Promise<Rings> {
  for await (const offered of offeredRings(srcPid, signal)) {
    try {
      return await claimRings(offered);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
  throw new Error('the offers to this process have no end');
}

/** Every channel that is opened to us. One that cannot be had ends nothing: anybody may offer anything. */
export function acceptAll<T>(
  from: number | undefined,
  signal: AbortSignal | undefined,
  make: (rings: Rings) => T,
): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => new AcceptIterator(from, signal, make) };
}

interface Waiter<T> {
  resolve: (result: IteratorResult<T, undefined>) => void;
  reject: (reason: unknown) => void;
}

/** Channels in the order in which they could be had. A process that does not answer holds up its own channels alone. */
class AcceptIterator<T> implements AsyncIterableIterator<T, undefined> {
  readonly #offered;
  readonly #make: (rings: Rings) => T;
  readonly #lastOfSource = new Map<number, Promise<void>>();
  readonly #accepted: Rings[] = [];
  readonly #waiters: Waiter<T>[] = [];
  #isStarted = false;
  #end: { reason?: unknown } | undefined;

  constructor(from: number | undefined, signal: AbortSignal | undefined, make: (rings: Rings) => T) {
    this.#offered = offeredRings(from, signal);
    this.#make = make;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (!this.#isStarted) void this.#start();
    this.#isStarted = true;
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#deliver();
    });
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#end = {};
    for (const rings of this.#accepted.splice(0)) dropRings(rings);
    this.#deliver();
    await this.#offered.return();
    return { value: undefined, done: true };
  }

  async #start(): Promise<void> {
    try {
      for await (const offered of this.#offered) this.#acceptInTurn(offered);
      this.#end ??= {};
    } catch (reason) {
      this.#end ??= { reason };
    }
    this.#deliver();
  }

  #acceptInTurn(offered: NativeOfferRecord): void {
    const { srcPid } = offered;
    const before = this.#lastOfSource.get(srcPid) ?? Promise.resolve();
    const mine = before
      .then(() => this.#accept(offered))
      .then(() => {
        if (this.#lastOfSource.get(srcPid) === mine) this.#lastOfSource.delete(srcPid);
      });
    this.#lastOfSource.set(srcPid, mine);
  }

  async #accept(offered: NativeOfferRecord): Promise<void> {
    if (this.#end) return;
    try {
      this.#receive(await claimRings(offered));
    } catch (error) {
      log.channel('not accepted from %d: %o', offered.srcPid, error);
    }
  }

  #receive(rings: Rings): void {
    if (this.#end) {
      dropRings(rings);
    } else {
      this.#accepted.push(rings);
      this.#deliver();
    }
  }

  #deliver(): void {
    while (this.#accepted.length > 0 || this.#end) {
      const waiter = this.#waiters.shift();
      if (!waiter) return;
      this.#settle(waiter);
    }
  }

  /** What has been accepted comes first, then the abort's reason, once, then the end. */
  #settle({ resolve, reject }: Waiter<T>): void {
    const rings = this.#accepted.shift();
    if (rings) {
      resolve({ value: this.#make(rings), done: false });
    } else if (this.#end && 'reason' in this.#end) {
      const { reason } = this.#end;
      this.#end = {};
      reject(reason);
    } else {
      resolve({ value: undefined, done: true });
    }
  }
}

import { log } from '../../log.js';
import { OfferWatch } from '../../offer-watch.js';
import { dropRings, type Rings } from '../ring/rings.js';
import { BackOff } from '../waiting/back-off.js';
import { onRoom } from '../waiting/room.js';
import { whatFailed } from './accept-failure.js';
import { claimRings } from './accept-rings.js';
import { OfferedChannels, type OfferedChannel } from './offered-channels.js';

/** A claim that takes longer is slow. Then a claim from another source is begun beside it. */
const SLOW_AFTER_MS = 50;
/** Claims under way at once. If all are slow and another source waits, the oldest is abandoned and put back for later. */
const MOST_CLAIMS = 16;
const OWN_LACK_MS = { first: 20, last: 1000 };

interface Waiter<T> {
  resolve: (result: IteratorResult<T, undefined>) => void;
  reject: (reason: unknown) => void;
}

interface Attempt {
  readonly offered: OfferedChannel;
  readonly begun: number;
  readonly abandonment: AbortController;
}

/**
 * Accepts channels, one for each call of next(); sources take turns. Until it is claimed, a channel stays with its source.
 * A claim that fails for lack of a resource is tried again. An offer that is not a valid channel is passed over.
 */
export class AcceptIterator<T> implements AsyncIterableIterator<T, undefined> {
  readonly #from: number | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #make: (rings: Rings) => T;
  readonly #offered = new OfferedChannels();
  readonly #attempts = new Set<Attempt>();
  readonly #ownLack = new BackOff(OWN_LACK_MS.first, OWN_LACK_MS.last);
  readonly #accepted: Rings[] = [];
  readonly #waiters: Waiter<T>[] = [];
  #isStarted = false;
  #watch: OfferWatch | undefined;
  #end: { reason?: unknown } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopListening: (() => void) | undefined;

  constructor(from: number | undefined, signal: AbortSignal | undefined, make: (rings: Rings) => T) {
    this.#from = from;
    this.#signal = signal;
    this.#make = make;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (!this.#isStarted && !this.#end) this.#start();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#deliver();
      this.#claimOnDemand();
    });
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#stop({});
    for (const rings of this.#accepted.splice(0)) dropRings(rings);
    this.#deliver();
    return Promise.resolve({ value: undefined, done: true });
  }

  #start(): void {
    this.#isStarted = true;
    try {
      this.#signal?.throwIfAborted();
      this.#watch = this.#openWatch();
    } catch (reason) {
      this.#stop({ reason });
      return;
    }
    this.#stopListening = onRoom(() => {
      this.#ownLack.cutShort();
      this.#claimOnDemand();
    });
  }

  #openWatch(): OfferWatch {
    return new OfferWatch({ kind: 'channel', from: this.#from }, this.#signal, {
      onAvailable: () => {
        this.#claimOnDemand();
      },
      onAbort: () => {
        this.#stop({ reason: this.#signal?.reason });
        this.#deliver();
      },
    });
  }

  /** Abandons the claims under way. Unless it is too late for that, their offers stand again at their sources. */
  #stop(end: { reason?: unknown }): void {
    this.#end ??= end;
    this.#watch?.stop();
    this.#watch = undefined;
    this.#stopListening?.();
    clearTimeout(this.#timer);
    for (const { abandonment } of this.#attempts) abandonment.abort();
    this.#offered.clear();
  }

  #claimOnDemand(): void {
    clearTimeout(this.#timer);
    const now = performance.now();
    while (this.#isInDemand(now) && this.#ownLack.waitMs(now) === 0) {
      this.#addOne(now);
      const offered = this.#attempts.size < MOST_CLAIMS ? this.#offered.take(now) : undefined;
      if (!offered) break;
      void this.#claim(offered, now);
    }
    if (this.#isInDemand(now)) this.#goOnLater(now);
  }

  /** Fetches one offer from a source that has none here to try. */
  #addOne(now: number): void {
    const record = this.#watch?.take(this.#offered.satisfied(now));
    if (record) this.#offered.add(record);
  }

  #isInDemand(now: number): boolean {
    if (this.#end) return false;
    let underWay = 0;
    for (const { begun } of this.#attempts) if (now - begun < SLOW_AFTER_MS) underWay++;
    return this.#waiters.length > this.#accepted.length + underWay;
  }

  /** Nothing announces that a back-off has passed or that a claim has become slow, so a timer looks again. */
  #goOnLater(now: number): void {
    const wait = Math.max(this.#offered.waitMs(now), this.#ownLack.waitMs(now));
    if (wait === 0 && this.#attempts.size >= MOST_CLAIMS) this.#giveUpSlowest(now);
    else if (wait < Infinity) this.#lookAgainIn(Math.max(wait, 1));
  }

  #lookAgainIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#claimOnDemand();
    }, ms);
  }

  /** Abandons the oldest claim if it is slow. If it is not slow yet, its timer calls again when it is. */
  #giveUpSlowest(now: number): void {
    for (const { begun, abandonment } of this.#attempts) {
      if (abandonment.signal.aborted) continue;
      if (now - begun >= SLOW_AFTER_MS) abandonment.abort();
      return;
    }
  }

  async #claim(offered: OfferedChannel, begun: number): Promise<void> {
    const attempt = { offered, begun, abandonment: new AbortController() };
    this.#attempts.add(attempt);
    const slow = setTimeout(() => {
      this.#claimOnDemand();
    }, SLOW_AFTER_MS);
    try {
      this.#receive(await claimRings(offered.record, attempt.abandonment.signal));
      this.#offered.settle(offered);
      this.#ownLack.succeed();
    } catch (error) {
      this.#onFailure(offered, error);
    }
    clearTimeout(slow);
    this.#attempts.delete(attempt);
    this.#claimOnDemand();
  }

  #onFailure(offered: OfferedChannel, error: unknown): void {
    if (this.#end) return;
    const now = performance.now();
    const failure = whatFailed(error);
    log.channel('not accepted from %d (%s): %o', offered.record.srcPid, failure, error);
    if (failure === 'own') {
      this.#ownLack.fail(now);
      this.#offered.putBack(offered, 'now', now);
    } else if (failure === 'passed over') {
      this.#offered.settle(offered);
    } else {
      this.#offered.putBack(offered, failure === 'taken' ? 'soon' : 'later', now);
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
      const [waiter] = this.#waiters;
      if (!waiter) return;
      if (this.#settle(waiter)) this.#waiters.shift();
    }
  }

  /**
   * Delivers accepted channels first, then the reason of an abort, once, and then the end. Returns false if the channel could
   * not be made: the caller of next() goes on waiting.
   */
  #settle({ resolve, reject }: Waiter<T>): boolean {
    const rings = this.#accepted.shift();
    if (rings) {
      const value = this.#makeOrDrop(rings);
      if (value) resolve({ value, done: false });
      return value !== undefined;
    }
    if (this.#end && 'reason' in this.#end) {
      const { reason } = this.#end;
      this.#end = {};
      reject(reason);
    } else {
      resolve({ value: undefined, done: true });
    }
    return true;
  }

  #makeOrDrop(rings: Rings): T | undefined {
    try {
      return this.#make(rings);
    } catch (error) {
      log.channel('accepted from %d in vain: %o', rings.peerPid, error);
      dropRings(rings);
      return undefined;
    }
  }
}

import { keepAlive } from './keep-alive.js';
import type { OfferKind } from './kinds.js';
import { addon } from './load-addon.js';
import { log } from './log.js';
import type { NativeOfferRecord, NativeWatch } from './native.js';

/** Which offers made to this process. */
export interface Wanted {
  kind: OfferKind;
  /** The process that made them. Undefined: any. */
  from: number | undefined;
}

export interface OfferWatchEvents {
  /** Called when there is something to take, and again each time after take() found nothing. */
  onAvailable: () => void;
  /** Called when the signal is aborted. */
  onAbort: () => void;
}

/**
 * The offers that stand and those that come, until it is stopped. Offers that are not taken wait in the engine, and hold up
 * their own source only. Keeps the process alive.
 */
export class OfferWatch {
  readonly #watch: NativeWatch;
  readonly #letGo: () => void;

  /** REQUIRES: the signal has not been aborted. */
  constructor({ kind, from }: Wanted, signal: AbortSignal | undefined, { onAvailable, onAbort }: OfferWatchEvents) {
    this.#watch = addon().watchIncoming(kind, from ?? 0, onAvailable, traceHoldUp);
    const letGo = keepAlive();
    signal?.addEventListener('abort', onAbort);
    this.#letGo = () => {
      letGo();
      signal?.removeEventListener('abort', onAbort);
    };
    log.incoming('watching');
  }

  /** The next offer, each once; sources take turns. Offers of the sources in `exceptFrom` stay where they are. */
  take(exceptFrom: readonly number[] = []): NativeOfferRecord | undefined {
    return this.#watch.take(exceptFrom);
  }

  /** From now on take() returns nothing. */
  stop(): void {
    this.#watch.stop();
    this.#letGo();
  }
}

function traceHoldUp(names: number): void {
  if (names === 0) log.incoming('no descriptors are left to ask what stands; it is tried again');
  else log.incoming('%d names of processes take no connection now; they are tried again', names);
}

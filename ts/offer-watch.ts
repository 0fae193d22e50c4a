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
  /** There is something to take; called again after a take() that found nothing. */
  onAvailable: () => void;
  /** The signal has been aborted. */
  onAbort: () => void;
}

/**
 * The offers that stand, and those that come, until it is stopped. What is not taken waits in the engine, where it holds up
 * the source that has made it, and no other. Keeps the process alive.
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

  /** The next one, each once; sources take turns. Those of `exceptFrom` keep theirs. */
  take(exceptFrom: readonly number[] = []): NativeOfferRecord | undefined {
    return this.#watch.take(exceptFrom);
  }

  /** Nothing can be taken any more. */
  stop(): void {
    this.#watch.stop();
    this.#letGo();
  }
}

function traceHoldUp(names: number): void {
  if (names === 0) log.incoming('no descriptors are left to ask what stands; it is tried again');
  else log.incoming('%d names of processes take no connection now; they are tried again', names);
}

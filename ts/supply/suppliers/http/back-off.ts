import { setTimeout as delay } from 'node:timers/promises';
import { supplyFailed } from '../../../errors.js';
import type { Transient } from './transient.js';

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5000;
/** A server that asks for more patience than this has none to give in the time of a fill. */
const MOST_RETRY_AFTER_MS = 30_000;

/** Counts the tries of one fill that have brought nothing, one after the other, and waits longer after each. */
export class BackOff {
  readonly #retries: number;
  #failures = 0;
  #hasBrought = false;

  constructor(retries: number) {
    this.#retries = retries;
  }

  /** This try has brought bytes: if it fails nevertheless, it does not count. */
  hasBroughtBytes(): void {
    this.#hasBrought = true;
  }

  /** Resolves when the next try may begin; rejects if there is none. */
  async wait(failure: Transient, signal: AbortSignal): Promise<void> {
    this.#failures = this.#hasBrought ? 0 : this.#failures + 1;
    this.#hasBrought = false;
    if (this.#failures > this.#retries) {
      throw supplyFailed(`${failure.message}, after ${this.#failures} ${this.#failures === 1 ? 'try' : 'tries'}`, {
        cause: failure.cause,
      });
    }
    if (failure.retryAfterMs > MOST_RETRY_AFTER_MS) {
      const seconds = Math.ceil(failure.retryAfterMs / 1000);
      throw supplyFailed(`${failure.message}, and asks to be tried again in ${seconds} s, which is too late`);
    }
    const ms = failure.atOnce ? 0 : delayOf(this.#failures);
    try {
      await delay(Math.max(ms, failure.retryAfterMs), undefined, { signal });
    } catch {
      signal.throwIfAborted();
    }
  }
}

/** Doubles, up to a limit, less a random part, so that many that fail together do not come back together. */
export function delayOf(failures: number, random = Math.random()): number {
  const longest = Math.min(FIRST_DELAY_MS * 2 ** Math.max(0, failures - 1), LONGEST_DELAY_MS);
  return longest * (1 - random / 2);
}

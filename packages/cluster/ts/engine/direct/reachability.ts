const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
/** Beyond, the one that failed first is tried again at once. */
const MAX_HOLDERS = 4096;

interface Failing {
  until: number;
  pauseMs: number;
}

/** Which holders could not be reached directly, and when it is worth to try again. Times are in milliseconds, of any clock. */
export class Reachability {
  readonly #failing = new Map<string, Failing>();

  /** After a failure one reader at a time tries: the others are not delayed by it. */
  mayTry(holder: string, now: number): boolean {
    const failing = this.#failing.get(holder);
    if (!failing) return true;
    if (now < failing.until) return false;
    failing.until = now + failing.pauseMs;
    return true;
  }

  succeeded(holder: string): void {
    this.#failing.delete(holder);
  }

  /** `triedAt`: those that were tried before the last failure was known tell nothing new. */
  failed(holder: string, now: number, triedAt: number): void {
    const before = this.#failing.get(holder);
    if (before && triedAt < before.until - before.pauseMs) return;
    const pauseMs = before ? Math.min(before.pauseMs * 2, LONGEST_PAUSE_MS) : FIRST_PAUSE_MS;
    this.#failing.delete(holder);
    if (this.#failing.size >= MAX_HOLDERS) this.#forgetOldest();
    this.#failing.set(holder, { until: now + pauseMs, pauseMs });
  }

  #forgetOldest(): void {
    const [oldest] = this.#failing.keys();
    if (oldest !== undefined) this.#failing.delete(oldest);
  }
}

/** Decides when to try again after a failure. Each pause is twice as long as the last, up to a limit. */
export class BackOff {
  readonly #firstMs: number;
  readonly #lastMs: number;
  #nextMs: number;
  #until = 0;

  constructor(firstMs: number, lastMs: number) {
    this.#firstMs = firstMs;
    this.#lastMs = lastMs;
    this.#nextMs = firstMs;
  }

  /** How long to wait from `now` on, in the milliseconds of `performance.now()`; 0 when it is time. */
  waitMs(now: number): number {
    return Math.max(0, this.#until - now);
  }

  fail(now: number): void {
    this.#until = now + this.#nextMs;
    this.#nextMs = Math.min(2 * this.#nextMs, this.#lastMs);
  }

  succeed(): void {
    this.#until = 0;
    this.#nextMs = this.#firstMs;
  }

  /** Ends the pause, because something has changed. Does not shorten the next one. */
  cutShort(): void {
    this.#until = 0;
  }
}

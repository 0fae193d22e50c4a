/** When to try again what failed for want of something: after longer and longer. */
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

  /** Something has changed: try at once, and wait no shorter the next time. */
  cutShort(): void {
    this.#until = 0;
  }
}

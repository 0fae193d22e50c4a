import type { NativeClaim } from './native.js';
import type { SupplyFailure } from './supply-failure.js';

/** The failures of one claim, each to one reader. It does not keep the process alive. */
export class SupplyFailures {
  readonly #native: NativeClaim;
  readonly #waiting = new Set<() => void>();
  readonly #known: SupplyFailure[] = [];
  #isObserved = false;

  constructor(native: NativeClaim) {
    this.#native = native;
  }

  async *iterate(): AsyncGenerator<SupplyFailure, void, undefined> {
    this.#observe();
    for (;;) {
      const failure = this.#known.shift();
      if (failure) yield failure;
      else if (this.#native.released) return;
      else await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Ends what waits once the claim has been released. */
  wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  #observe(): void {
    if (this.#isObserved || !this.#native.supplied) return;
    this.#isObserved = true;
    this.#native.observeFailures(() => {
      this.#known.push(...this.#native.takeFailures());
      this.wake();
    });
  }
}

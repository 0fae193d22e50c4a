import type { NativeClaim } from './native.js';

/**
 * Bytes of supplied memory that are there and stay there, from {@link Claim.ensure}.
 *
 * @category Claiming
 */
export class SupplyPin {
  readonly #native: NativeClaim;
  #id: number | undefined;

  private constructor(native: NativeClaim, id: number | undefined) {
    this.#native = native;
    this.#id = id;
  }

  /** @internal `id` is absent where nothing has to be kept: memory that is not supplied. */
  static of(native: NativeClaim, id: number | undefined): SupplyPin {
    return new SupplyPin(native, id);
  }

  /** From here on the source may take the bytes back, and brings them again when they are touched. Idempotent. */
  release(): void {
    if (this.#id !== undefined) this.#native.unpin(this.#id);
    this.#id = undefined;
  }

  /** Calls `release()` at the end of the scope of `using`. */
  [Symbol.dispose](): void {
    this.release();
  }
}

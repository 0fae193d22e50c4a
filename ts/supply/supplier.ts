/**
 * What a supplier is asked for.
 *
 * @category Supplying
 */
export interface Want {
  /** Where in the region the wanted bytes begin: a multiple of the region's `unit`. */
  offset: number;
  /** How many bytes are wanted: as many as the array to fill has. It is the region's `unit`, and less at the region's end. */
  byteLength: number;
  /** Whether a thread waits for these bytes, or somebody in `ensure()`. Read-ahead has nobody waiting. */
  waiting: boolean;
  /**
   * Aborts when nobody wants the bytes any more, because the time is up or the region is released. The supplier may then reject
   * with `signal.reason`, and must not write to the array after that.
   */
  signal: AbortSignal;
  /** Says that bytes are coming. This extends the deadline of the fill, up to six times. */
  progress(): void;
}

/**
 * Brings the bytes of supplied memory: fills `into` wholly, or throws. There is nothing in between. The bytes are seen by nobody
 * before the supplier is done. It is called for several units at once, up to the region's `concurrency`, and may be asked for
 * the same unit again, for which it must bring the same bytes.
 *
 * A supplier that holds something, such as an open file, gives it back in `[Symbol.asyncDispose]`. That is called once, when the
 * region is released. No fill begins after that.
 *
 * @example
 * const zeros: Supplier = (want, into) => {
 *   into.fill(0);
 * };
 *
 * @category Supplying
 */
export interface Supplier {
  /**
   * Fills one unit.
   *
   * @param want which bytes are wanted.
   * @param into the array to fill, `want.byteLength` bytes long.
   */
  (want: Want, into: Uint8Array): void | Promise<void>;
  /** Gives back what the supplier holds. */
  [Symbol.asyncDispose]?(): PromiseLike<void>;
}

/**
 * A module that makes a supplier, and what to make it from. `fileRange()` and `httpRange()` return one. It can be cloned into
 * another thread, where the module is loaded.
 *
 * The module exports either a function `createSupplier(options, memory)`, which returns the supplier or a promise of it, or the
 * supplier itself as its default export. If it exports both, `createSupplier` is used.
 *
 * @category Supplying
 */
export interface SupplierModule {
  /** The address of the module: `new URL('./unzip.js', import.meta.url)`, or the same as a string. `file:` or `data:`. */
  readonly module: URL | string;
  /** What `createSupplier` gets. It must be possible to clone it (`structuredClone`), so it has no functions. */
  readonly options?: unknown;
}

/**
 * What a supplier is made for.
 *
 * @category Supplying
 */
export interface SuppliedMemory {
  /** The length of the region. */
  byteLength: number;
}

/**
 * The function that a supplier's module may export as `createSupplier`.
 *
 * @param options the options of the {@link SupplierModule}.
 * @param memory what the supplier is made for.
 *
 * @category Supplying
 */
export type CreateSupplier = (options: unknown, memory?: SuppliedMemory) => Supplier | Promise<Supplier>;

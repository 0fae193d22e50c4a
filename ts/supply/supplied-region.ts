import { inspect, type InspectOptions } from 'node:util';
import { invalidArgument } from '../errors.js';
import { log } from '../log.js';
import type { NativeSupply } from '../native.js';
import { CANNOT_BE_CLONED } from '../stays-here.js';
import { formatAddress, isMultiple } from '../units.js';
import { checkLength, checkWithin, describeValue } from '../validate.js';
import type { SupplyStats } from './supply-stats.js';

/** What brings the bytes, as its region sees it. */
export interface RunningSupplier {
  /** Begins anew, if it could not begin before. */
  restart(): void;
  stop(): void;
}

/** A region without references stays: claims in other processes need its supplier. */
const live = new Set<SuppliedRegion>();

/**
 * Memory whose bytes a supplier brings when a claimer first touches them, from {@link supply}. It has an address, so that it can be
 * offered, but no buffer: to read it, claim it in another process.
 *
 * It lives until `release()`, the end of the scope of `using`, or the end of the thread that made it, also when no reference to
 * it is left. Like an offer, it does not keep the process alive.
 *
 * @category Supplying
 */
export class SuppliedRegion {
  /** @internal */
  readonly cannotBeCloned = CANNOT_BE_CLONED;
  readonly #native: NativeSupply;
  readonly #unit: number;
  readonly #supplier: RunningSupplier;

  private constructor(native: NativeSupply, unit: number, supplier: RunningSupplier) {
    if (typeof (native as Partial<NativeSupply> | undefined)?.evict !== 'function') {
      throw invalidArgument('SuppliedRegion cannot be made with new; use supply()');
    }
    this.#native = native;
    this.#unit = unit;
    this.#supplier = supplier;
    live.add(this);
  }

  /** @internal */
  static of(native: NativeSupply, unit: number, supplier: RunningSupplier): SuppliedRegion {
    return new SuppliedRegion(native, unit, supplier);
  }

  /** What an offer names and a claim asks for. Nothing can be read there. */
  get address(): bigint {
    return this.#native.address;
  }

  /** The length in bytes. It never changes. */
  get byteLength(): number {
    return this.#native.byteLength;
  }

  /** How many bytes are asked for at once. */
  get unit(): number {
    return this.#unit;
  }

  /** Whether `release()` has been called. */
  get released(): boolean {
    return this.#native.released;
  }

  /**
   * Puts in bytes that the program has itself. The supplier is not asked for them, or is stopped if it is filling them. Units that are
   * there already stay as they are.
   *
   * @param byteOffset where they begin, a multiple of `unit`.
   * @param bytes whole units, or up to the region's end.
   * @throws {VmoError} ERR_VMO_INVALID_ARGUMENT, ERR_VMO_NO_MEMORY.
   */
  fill(byteOffset: number, bytes: Uint8Array): void {
    if (!(bytes instanceof Uint8Array)) {
      throw invalidArgument(`bytes must be a Uint8Array, got ${describeValue(bytes)}`);
    }
    this.#checkUnits(byteOffset, bytes.byteLength);
    this.#native.fill(byteOffset, bytes);
  }

  /**
   * Drops units, as soon as the claims have given them up; the supplier is asked again when they are touched. A claim that needs a
   * unit, or does not answer for 5 seconds, keeps it.
   *
   * @param byteOffset where they begin, a multiple of `unit`. Default: 0.
   * @param byteLength whole units, or up to the region's end. Default: the rest of the region.
   * @throws {VmoError} ERR_VMO_INVALID_ARGUMENT.
   */
  evict(byteOffset = 0, byteLength = this.#restFrom(byteOffset)): void {
    this.#checkUnits(byteOffset, byteLength);
    this.#native.evict(byteOffset, byteLength);
  }

  /**
   * Tries units that have failed again. A claim that was told of the failure is told when they are there.
   *
   * @param byteOffset where they begin, a multiple of `unit`. Default: 0.
   * @param byteLength whole units, or up to the region's end. Default: the rest of the region.
   * @throws {VmoError} ERR_VMO_INVALID_ARGUMENT.
   */
  retry(byteOffset = 0, byteLength = this.#restFrom(byteOffset)): void {
    this.#checkUnits(byteOffset, byteLength);
    this.#native.retry(byteOffset, byteLength);
    this.#supplier.restart();
  }

  /** What became of the memory so far. */
  stats(): SupplyStats {
    return this.#native.stats();
  }

  /**
   * Ends the supply. Offers that stand are revoked. Claims keep the units that they have been told of; any other touch there fails
   * with ERR_VMO_PEER_GONE. Calling it again does nothing.
   */
  release(): void {
    if (this.released) return;
    if (log.supply.enabled) log.supply('release %s + %d', formatAddress(this.address), this.byteLength);
    this.#native.release();
    this.#supplier.stop();
    live.delete(this);
  }

  /** Calls `release()` at the end of the scope of `using`. */
  [Symbol.dispose](): void {
    this.release();
  }

  /** What the region is, in words and numbers, for `JSON.stringify`. */
  toJSON(): object {
    const { byteLength, unit, released } = this;
    return { address: formatAddress(this.address), byteLength, unit, ...(released && { released }) };
  }

  /** @internal */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `SuppliedRegion ${inspect(this.toJSON(), options)}`;
  }

  /** @internal */
  checkLive(): void {
    if (!this.released) return;
    throw invalidArgument(
      `the supplied region at ${formatAddress(this.address)} has been released; use it before release()`,
      { address: this.address },
    );
  }

  #restFrom(byteOffset: number): number {
    return Math.max(this.byteLength - byteOffset, 0);
  }

  #checkUnits(byteOffset: unknown, byteLength: unknown): void {
    this.checkLive();
    checkLength(byteOffset, 'byteOffset');
    checkLength(byteLength, 'byteLength');
    checkWithin(byteOffset, byteLength, this.byteLength);
    const end = byteOffset + byteLength;
    const isWhole = isMultiple(byteOffset, this.#unit) && (isMultiple(end, this.#unit) || end === this.byteLength);
    if (isWhole && byteLength > 0) return;
    throw invalidArgument(
      `the range of ${byteLength} bytes at offset ${byteOffset} is not whole units (a unit is ${this.#unit} bytes); begin and end with a unit, or end with the region`,
    );
  }
}

import { constants } from 'node:buffer';
import { inspect, type InspectOptions } from 'node:util';
import { invalidArgument, VmoError } from './errors.js';
import { hasDetachKeys, holdInPlace } from './held-buffer.js';
import type { PageKind } from './kinds.js';
import { addon } from './load-addon.js';
import { log } from './log.js';
import type { NativeRegion } from './native.js';
import { RegionRange } from './region-range.js';
import { CANNOT_BE_CLONED } from './stays-here.js';
import { formatAddress } from './units.js';
import { checkLength, checkPageOffset, checkWholePages, checkWithin } from './validate.js';

/**
 * A page-aligned range of memory that this library manages. {@link allocate} makes one; a {@link Claim} is one, too.
 *
 * A region stands for memory and is not data: a structured clone of it (`postMessage`, `structuredClone`) throws.
 *
 * The memory is given back by `release()`, by leaving the scope of `using`, when the object is garbage and no buffer of
 * it is left, and when the thread (main or worker) that made it ends. An open offer and a live claim elsewhere keep the part
 * that they need. A region belongs to the thread that made it and cannot be posted to another thread: offer it to
 * `process.pid` and claim it there.
 *
 * @example
 * using region = allocate(1 << 20);
 * new Float64Array(region.buffer).fill(1);
 *
 * @category Allocating
 */
export class Region {
  /** @internal */
  readonly cannotBeCloned = CANNOT_BE_CLONED;
  readonly #native: NativeRegion;
  #buffer: ArrayBuffer | undefined;

  /** Throws: regions come from `allocate()`, claims from `vmClaim()`. */
  protected constructor();
  /** @internal */
  protected constructor(native: NativeRegion);
  protected constructor(native?: NativeRegion) {
    if (typeof native?.arrayBuffer !== 'function') {
      throw invalidArgument(`${new.target.name} cannot be made with new; use allocate() or vmClaim()`);
    }
    this.#native = native;
  }

  /** @internal */
  static of(native: NativeRegion): Region {
    return new Region(native);
  }

  /** The address of the first byte in this process: what an offer names and a claim asks for. */
  get address(): bigint {
    return this.#native.address;
  }

  /** The length in bytes, a multiple of the page size. It never changes. */
  get byteLength(): number {
    return this.#native.byteLength;
  }

  /**
   * The kind of pages underneath. A claim that maps huge pages has huge pages, too. The kernel pages it unless the claim asks
   * for something else, since the kernel installs a whole huge page at a touch.
   */
  get pages(): PageKind {
    return this.#native.pages;
  }

  /** Whether the memory has left this process: an offer with `VMO_DISOWN` was claimed. Its buffers are detached then. */
  get disowned(): boolean {
    return this.#native.disowned;
  }

  /** Whether `release()` has been called. */
  get released(): boolean {
    return this.#native.released;
  }

  /**
   * All the bytes, as one ArrayBuffer: always the same one. Nothing is copied. `release()` detaches it (its length is
   * then 0), and so does a claim that disowns it. A program cannot move it: `transfer()` throws, and so does a transfer
   * list that names it (Node 20 copies it instead). On Node 20 to 23 a stream of type 'bytes' can still take it; on Bun
   * and Deno a transfer list can. Such a region can only be released, and its taker reads zeros from then on.
   * `Atomics.wait()` and `Atomics.waitAsync()` throw a TypeError on it, because they wait on a SharedArrayBuffer only. Await an
   * offer or a {@link Channel} instead.
   *
   * @throws {VmoError} ERR_VMO_INVALID_ARGUMENT if the region is longer than one ArrayBuffer can be
   *   (`buffer.constants.MAX_LENGTH`, 4 GiB on Node 20): use `view()`. Also if the region has been released.
   *   ERR_VMO_NOT_OWNED if it has been disowned.
   */
  get buffer(): ArrayBuffer {
    this.checkLive();
    this.#buffer ??= this.#arrayBuffer(0, this.byteLength);
    return this.#buffer;
  }

  /**
   * A view of a byte range of the region, without a copy. No alignment is needed. In a region that fits one
   * ArrayBuffer it is a view of `buffer`, otherwise it has an ArrayBuffer of its own.
   *
   * @param byteOffset where it begins, in bytes from the region's start. Default: 0.
   * @param byteLength how long it is, in bytes, at most `buffer.constants.MAX_LENGTH`. Default: the rest of the region.
   * @throws {VmoError} ERR_VMO_INVALID_ARGUMENT for a range that is not inside the region, or too long for one
   *   ArrayBuffer, and if the region has been released. ERR_VMO_NOT_OWNED if it has been disowned.
   *
   * @example
   * const header = new DataView(region.buffer, 0, 64);
   * const body = region.view(64);
   */
  view(byteOffset = 0, byteLength = Math.max(this.byteLength - byteOffset, 0)): Uint8Array<ArrayBuffer> {
    this.checkLive();
    checkLength(byteOffset, 'byteOffset');
    checkLength(byteLength, 'byteLength');
    checkWithin(byteOffset, byteLength, this.byteLength);
    if (byteLength === 0) return new Uint8Array(0);
    if (this.byteLength <= constants.MAX_LENGTH) return new Uint8Array(this.buffer, byteOffset, byteLength);
    return new Uint8Array(this.#arrayBuffer(byteOffset, byteLength));
  }

  /**
   * Names whole pages of the region, for {@link vmOffer}.
   *
   * @param byteOffset a multiple of the page size.
   * @param byteLength a multiple of the page size, at least one page.
   * @returns the range. It holds no memory of its own.
   * @throws {VmoError} ERR_VMO_INVALID_ARGUMENT for anything else; the message names the page size. ERR_VMO_NOT_OWNED if the
   *   region has been disowned.
   */
  range(byteOffset: number, byteLength: number): RegionRange {
    this.checkLive();
    const { pageSize } = addon();
    checkPageOffset(byteOffset, 'byteOffset', pageSize);
    checkWholePages(byteLength, 'byteLength', pageSize);
    checkWithin(byteOffset, byteLength, this.byteLength);
    return RegionRange.of(this, byteOffset, byteLength);
  }

  /**
   * Gives the memory back. Every buffer and view of it is detached. Calling it again does nothing. Offered memory stays
   * offered, and claimed memory stays with its claimer.
   *
   * First await every operation that still uses a buffer: a write under way fails with EFAULT, or, if this process may have no
   * userfaultfd, sends zeros.
   */
  release(): void {
    if (this.released) return;
    if (log.region.enabled) log.region('release %s + %d', formatAddress(this.address), this.byteLength);
    this.#native.release();
    this.#buffer = undefined;
  }

  /** Calls `release()` at the end of the scope of `using`, which may be before a write that was begun there has ended. */
  [Symbol.dispose](): void {
    this.release();
  }

  /** What the region is, in words and numbers, for `JSON.stringify`. The bytes are not included. */
  toJSON(): object {
    return this.describe();
  }

  /** @internal */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `${this.constructor.name} ${inspect(this.describe(), options)}`;
  }

  /** @internal */
  protected describe(): object {
    const { byteLength, pages, released } = this;
    return { address: formatAddress(this.address), byteLength, pages, ...(released && { released }) };
  }

  /** @internal Throws unless the memory is this region's to show and to offer. */
  checkLive(): void {
    if (this.released) throw releasedError(this.address);
    if (this.disowned) throw disownedError(this.address);
    if (this.#buffer?.byteLength === 0) throw movedError(this.address);
  }

  #arrayBuffer(byteOffset: number, byteLength: number): ArrayBuffer {
    if (byteLength > constants.MAX_LENGTH) {
      throw invalidArgument(
        `${byteLength} bytes do not fit one ArrayBuffer (at most ${constants.MAX_LENGTH} bytes here); take windows with view(byteOffset, byteLength)`,
        { address: this.address },
      );
    }
    const native = addon();
    const buffer = this.#native.arrayBuffer(byteOffset, byteLength, hasDetachKeys(native));
    holdInPlace(buffer, native);
    return buffer;
  }
}

function disownedError(address: bigint): Error {
  const message = `the region at ${formatAddress(address)} was disowned and claimed; its memory belongs to another process`;
  return new VmoError('ERR_VMO_NOT_OWNED', message, { address });
}

function movedError(address: bigint): Error {
  return invalidArgument(
    `the buffer of the region at ${formatAddress(address)} was moved away (a byte stream or a transfer list took it), and what has it now stays attached; release the region, and hand out copies (slice()) from now on`,
    { address },
  );
}

export function releasedError(address: bigint): Error {
  return invalidArgument(`the region at ${formatAddress(address)} has been released; use it before release()`, {
    address,
  });
}

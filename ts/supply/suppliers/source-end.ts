import { addon } from '../../load-addon.js';
import { supplyFailed, invalidArgument } from '../../errors.js';
import { roundUp } from '../../units.js';
import type { SuppliedMemory, Want } from '../supplier.js';

/**
 * Memory has whole pages, a file or an object any length. The rest of its last page is zeros, as it is when a file is mapped.
 * Beyond that page there is nothing, and zeros would be made up.
 */
export class SourceEnd {
  readonly byteLength: number;
  readonly #what: string;
  readonly #pagesEnd: number;

  /**
   * Throws if the source cannot fill the memory.
   *
   * @param what names the source in errors.
   * @param byteLength how many bytes the source has, at least one.
   * @param memory what it is to fill, if that is known.
   */
  constructor(what: string, byteLength: number, memory?: SuppliedMemory) {
    this.byteLength = byteLength;
    this.#what = what;
    this.#pagesEnd = roundUp(byteLength, addon().pageSize);
    if (memory === undefined || memory.byteLength <= this.#pagesEnd) return;
    throw invalidArgument(
      `${what} has ${byteLength} bytes, too few for the ${memory.byteLength} that are to be supplied; supply ${this.#pagesEnd}`,
    );
  }

  /** How many of the wanted bytes the source has. The rest of `into` is filled here. */
  share({ offset, byteLength }: Want, into: Uint8Array): number {
    if (offset + byteLength > this.#pagesEnd) {
      throw supplyFailed(
        `${this.#what} has ${this.byteLength} bytes, but ${byteLength} at ${offset} are wanted; supply ${this.#pagesEnd} at most`,
      );
    }
    const share = Math.max(0, Math.min(byteLength, this.byteLength - offset));
    into.fill(0, share);
    return share;
  }
}

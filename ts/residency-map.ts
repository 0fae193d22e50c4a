/** A run of resident pages: `pageCount` of them, from page `firstPage` of the claim on. */
export interface PageRun {
  firstPage: number;
  pageCount: number;
}

/**
 * Which pages of a claim were in this process's page table when `claim.residency()` was called, as the kernel saw it. A
 * snapshot: pages arrive, and may be reclaimed, at any time.
 */
export class ResidencyMap {
  /** The size of a page in bytes. */
  readonly pageSize: number;
  /** How many pages the claim has. */
  readonly pageCount: number;
  /** How many of them were resident. */
  readonly residentPages: number;
  readonly #bits: Uint8Array;

  /**
   * @param bits bit `i & 7` of byte `i >> 3` belongs to page `i`.
   * @param pageCount how many bits count.
   * @param pageSize in bytes.
   */
  constructor(bits: Uint8Array, pageCount: number, pageSize: number) {
    this.#bits = bits;
    this.pageCount = pageCount;
    this.pageSize = pageSize;
    this.residentPages = countPages(this.ranges());
  }

  /** Whether a page was resident; pages are counted from 0. False for a page that the claim does not have. */
  has(pageIndex: number): boolean {
    if (!Number.isInteger(pageIndex) || pageIndex < 0 || pageIndex >= this.pageCount) return false;
    return ((this.#byteOf(pageIndex) >> (pageIndex & 7)) & 1) === 1;
  }

  /**
   * The resident pages as maximal runs, in order.
   *
   * @example
   * for (const { firstPage, pageCount } of claim.residency().ranges()) console.log(firstPage, pageCount);
   */
  *ranges(): Generator<PageRun, void, undefined> {
    let firstPage = this.#next(0, true);
    while (firstPage < this.pageCount) {
      const end = this.#next(firstPage, false);
      yield { firstPage, pageCount: end - firstPage };
      firstPage = this.#next(end, true);
    }
  }

  /** The first page from `start` on that is resident or not, as asked; `pageCount` if there is none. */
  #next(start: number, isResident: boolean): number {
    const uniform = isResident ? 0x00 : 0xff;
    let page = start;
    while (page < this.pageCount && this.has(page) !== isResident) {
      page = (page & 7) === 0 && this.#byteOf(page) === uniform ? page + 8 : page + 1;
    }
    return Math.min(page, this.pageCount);
  }

  #byteOf(page: number): number {
    return this.#bits[Math.floor(page / 8)] ?? 0;
  }
}

function countPages(runs: Iterable<PageRun>): number {
  let total = 0;
  for (const { pageCount } of runs) total += pageCount;
  return total;
}

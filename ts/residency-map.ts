/**
 * A run of resident pages, from {@link ResidencyMap.ranges}.
 *
 * @category Paging
 */
export interface PageRun {
  /** The first page's number, counted from 0 at the start of the claim. */
  firstPage: number;
  /** How many pages the run has. */
  pageCount: number;
}

/**
 * Which pages of a claim were in this process's page table when {@link Claim.residency} was called, as the kernel saw it.
 *
 * It is a snapshot: pages arrive, and may be reclaimed, at any time.
 *
 * @category Paging
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
   * Makes a map from a bit for each page. {@link Claim.residency} does that.
   *
   * @param bits bit `i & 7` of byte `i >> 3` belongs to page `i`.
   * @param pageCount how many bits count.
   * @param pageSize the size of a page in bytes.
   */
  constructor(bits: Uint8Array, pageCount: number, pageSize: number) {
    this.#bits = bits;
    this.pageCount = pageCount;
    this.pageSize = pageSize;
    this.residentPages = countPages(this.ranges());
  }

  /**
   * Tells whether a page was resident.
   *
   * @param pageIndex the page's number, counted from 0.
   * @returns false also for a page that the claim does not have.
   */
  has(pageIndex: number): boolean {
    if (!Number.isInteger(pageIndex) || pageIndex < 0 || pageIndex >= this.pageCount) return false;
    return ((this.#byteOf(pageIndex) >> (pageIndex & 7)) & 1) === 1;
  }

  /**
   * Yields the resident pages as runs, in order. Runs are as long as can be: between two of them is an absent page.
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

  /** What the map says, for `JSON.stringify`: the numbers, and the resident runs. */
  toJSON(): object {
    const { pageSize, pageCount, residentPages } = this;
    return { pageSize, pageCount, residentPages, ranges: [...this.ranges()] };
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

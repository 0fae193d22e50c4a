import { addon } from './load-addon.js';
import { log } from './log.js';
import { Region } from './region.js';
import { formatAddress } from './units.js';
import { checkBoolean, checkOptions, checkWholePages } from './validate.js';

/**
 * What kind of memory to allocate.
 *
 * @category Allocating
 */
export interface AllocateOptions {
  /** Whether the memory may be granted with `VMO_GRANT_X`. Default: false. */
  executable?: boolean;
  /**
   * Whether to ask for huge pages: reserved ones if the system has them, joined ones if the kernel is willing, ordinary pages
   * otherwise. `region.pages` says which kind it got. The allocation takes reserved pages, and pages that have to be joined, at
   * once and not when they are touched. That may take as long as clearing them. Useful from the length of one huge page on
   * (2 MiB where a page has 4 KiB). Default: false.
   */
  hugePages?: boolean;
}

/**
 * Allocates memory that can be offered to other processes.
 *
 * The memory is all zeros and takes up room only where it is touched. From the length of one huge page on (2 MiB where a page
 * has 4 KiB) it begins at a multiple of that length. A region takes one file descriptor.
 *
 * @param byteLength a positive multiple of the page size (`capabilities().pageSize`, most often 4096), with no upper
 *   limit but memory. Beyond `buffer.constants.MAX_LENGTH` use `region.view()` instead of `region.buffer`.
 * @param options what kind of memory it is to be.
 * @returns the region. The caller releases it; see {@link Region}.
 * @throws {VmoError} ERR_VMO_INVALID_ARGUMENT, ERR_VMO_NO_MEMORY, ERR_VMO_TOO_MANY (descriptors), ERR_VMO_UNSUPPORTED.
 *
 * @example
 * using region = allocate(64 * 1024 * 1024);
 * region.view().set(bytes);
 * vmOffer(destPid, region, VMO_GRANT_R);
 * @category Allocating
 */
export function allocate(byteLength: number, options: AllocateOptions = {}): Region {
  checkOptions(options);
  const { executable = false, hugePages = false } = options;
  checkBoolean(executable, 'executable');
  checkBoolean(hugePages, 'hugePages');
  const native = addon();
  checkWholePages(byteLength, 'byteLength', native.pageSize);
  const region = Region.of(native.allocate(byteLength, executable, hugePages));
  if (log.region.enabled) {
    log.region('allocate %d bytes of %s pages at %s', byteLength, region.pages, formatAddress(region.address));
  }
  return region;
}

import { addon } from './load-addon.js';
import { log } from './log.js';

/**
 * One thing that the kernel, the container or this process's rights allow or forbid.
 *
 * @category System
 */
export interface Capability {
  /** Its name in this list. */
  name: string;
  /** Whether it may be used. */
  available: boolean;
  /** What it is good for, or what was found. */
  detail: string;
  /** Why not: the setting, the device or the filter that forbids it. Empty if it is available. */
  cause: string;
  /** What to do about it. Empty if it is available. */
  remedy: string;
}

/**
 * What this kernel and this process may do.
 *
 * @category System
 */
export interface Capabilities {
  /** The kernel's version, as `uname -r` prints it. */
  kernelRelease: string;
  /** The size of a page in bytes; every range is a multiple of it. */
  pageSize: number;
  /** The capabilities, each with a cause and a remedy if it is not available. */
  list: Capability[];
}

/**
 * Finds out, by trying, what this kernel, this container and this process's rights allow.
 *
 * `npx vmoffer doctor` prints it.
 *
 * @throws {VmoError} ERR_VMO_UNSUPPORTED if the native addon cannot be loaded: on another system than Linux, for example.
 *
 * @example
 * for (const { name, available, remedy } of capabilities().list) if (!available) console.warn(name, remedy);
 * @category System
 */
export function capabilities(): Capabilities {
  const found = addon().capabilities();
  if (log.capabilities.enabled) {
    const missing = found.list.filter(({ available }) => !available).map(({ name }) => name);
    log.capabilities('Linux %s, without %o', found.kernelRelease, missing);
  }
  return found;
}

import { addon } from '../load-addon.js';
import { log } from '../log.js';
import { checkWholePages } from '../validate.js';
import type { CheckedModule } from './load.js';
import { checkSupplyOptions, type SupplyOptions } from './options.js';
import { serve, type SupplyName } from './serve.js';
import { SuppliedRegion, type RunningSupplier } from './supplied-region.js';
import { SupplierWorker } from './supplier-worker.js';
import type { Supplier } from './supplier.js';

/**
 * Makes memory whose pages do not exist until somebody touches them. A supplier brings them then: unzipped, decrypted, computed, read
 * from a file or fetched. What it brought once serves every claimer on the machine.
 *
 * The memory is offered as any other, with `VMO_GRANT_R` alone and as a whole, to other processes than this one. A claimer's
 * thread that touches a page waits until the supplier has brought its unit, for `timeoutMs` at most.
 *
 * @param byteLength a positive multiple of the page size.
 * @param options who brings the bytes, and how.
 * @returns the region. The caller releases it; see {@link SuppliedRegion}.
 * @throws {VmoError} ERR_VMO_INVALID_ARGUMENT, ERR_VMO_NO_MEMORY, ERR_VMO_TOO_MANY, ERR_VMO_UNSUPPORTED (this process may have no
 *   userfaultfd at all; `capabilities()` says why).
 *
 * @example
 * using region = supply(size, { supplier: new URL('./unzip.js', import.meta.url) });
 * const offer = vmOffer(destPid, region, VMO_GRANT_R);
 * await offer.released;
 *
 * @category Supplying
 */
export function supply(byteLength: number, options: SupplyOptions): SuppliedRegion {
  const { supplier, unit, concurrency, timeoutMs, budget } = checkSupplyOptions(options);
  checkWholePages(byteLength, 'byteLength', addon().pageSize);
  log.supply('supply %d bytes, in units of %d', byteLength, unit);
  const native = addon().supply(byteLength, unit, concurrency, timeoutMs, budget);
  const name: SupplyName = { address: native.address, number: native.number, unit };
  const running = typeof supplier === 'function' ? runHere(supplier, name) : runInWorker(supplier, name, byteLength);
  return SuppliedRegion.of(native, unit, running);
}

function runHere(supplier: Supplier, name: SupplyName): RunningSupplier {
  const served = serve(supplier, name);
  return {
    restart: () => undefined,
    stop() {
      void served.close();
    },
  };
}

function runInWorker(supplier: CheckedModule, name: SupplyName, byteLength: number): RunningSupplier {
  const worker = new SupplierWorker(supplier, name, byteLength);
  worker.start();
  return {
    restart() {
      worker.start();
    },
    stop() {
      worker.stop();
    },
  };
}

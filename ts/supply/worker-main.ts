/** The program of a Worker that supplies memory. */
import { parentPort, workerData } from 'node:worker_threads';
import { addon } from '../load-addon.js';
import { log } from '../log.js';
import { loadSupplier, type CheckedModule } from './load.js';
import { messageOf, serve, type SupplyName } from './serve.js';

/** What the Worker gets. */
export interface SupplierTask {
  readonly supplier: CheckedModule;
  readonly name: SupplyName;
  readonly byteLength: number;
}

/** What it says: the first thing, once. */
export type SupplierNews = 'serves' | 'refuses';

async function main({ supplier: description, name, byteLength }: SupplierTask): Promise<void> {
  const port = parentPort;
  if (!port) throw new Error('this module is for a Worker of the library');
  const supplier = await loadSupplier(description, { byteLength }).catch((error: unknown) => {
    const message = messageOf(error);
    log.supply('memory %d has no supplier: %s', name.number, message);
    // Here, and not by way of the main thread, which may be busy.
    addon().refuseSupply(name.address, name.number, message);
    return undefined;
  });
  if (!supplier) {
    port.postMessage('refuses' satisfies SupplierNews);
    return;
  }
  const served = serve(supplier, name);
  port.postMessage('serves' satisfies SupplierNews);
  port.once('message', () => {
    void served.close().then(() => process.exit());
  });
}

void main(workerData as SupplierTask);

/** What httpRange() describes. */
import { supplyFailed } from '../../../errors.js';
import type { SuppliedMemory, Supplier } from '../../supplier.js';
import { SourceEnd } from '../source-end.js';
import type { Version } from './answer.js';
import type { CheckedHttpOptions } from './options.js';
import { RemoteObject } from './remote-object.js';

const LOOK_MS = 30_000;

export async function createSupplier(options: unknown, memory?: SuppliedMemory): Promise<Supplier> {
  const object = new RemoteObject(options as CheckedHttpOptions);
  try {
    const version = await object.look(AbortSignal.timeout(LOOK_MS));
    if (!version) throw supplyFailed(`the object ${object.name} is empty: there is nothing to supply`);
    const end = new SourceEnd(`the object ${object.name}`, version.byteLength, memory);
    return supplierOf(object, version, end);
  } catch (error) {
    object.close();
    throw error;
  }
}

function supplierOf(object: RemoteObject, version: Version, end: SourceEnd): Supplier {
  const supply: Supplier = async (want, into) => {
    const share = into.subarray(0, end.share(want, into));
    await object.read(version, want.offset, share, want.signal, () => {
      want.progress();
    });
  };
  const dispose = () => {
    object.close();
    return Promise.resolve();
  };
  return Object.assign(supply, { [Symbol.asyncDispose]: dispose });
}

import { supplyFailed } from '../../errors.js';
import type { SuppliedMemory, Supplier, SupplierModule } from '../supplier.js';
import type { Version } from './http/answer.js';
import { checkHttpOptions, type CheckedHttpOptions, type HttpOptions } from './http/options.js';
import { RemoteObject } from './http/remote-object.js';
import { SourceEnd } from './source-end.js';

const LOOK_MS = 30_000;

/**
 * A supplier that reads an object from an HTTP or HTTPS server, in ranges (`Range: bytes=…`), when they are touched.
 *
 * The server must answer range requests and send a strong validator: an ETag that does not begin with `W/`, or a Last-Modified
 * that is a minute older than the answer. All ranges are of one version of the object. If the object changes, each further
 * fill is an error, so that the memory is never a mixture of two versions. Give `etag` to name the version.
 *
 * A request that fails for the moment (a lost connection, 429, most of 5xx) is made again, less and less often, until the fill's
 * time is up. Redirects are followed. A URL that carries its own signature, such as a presigned one of S3, is used as it is, also
 * if the server redirects to it; the signature must be good for as long as pages are to come.
 *
 * @param url the object.
 * @param options headers, the wanted version, and limits.
 *
 * @category Supplying
 */
export function httpRange(url: string | URL, options: HttpOptions = {}): SupplierModule {
  return { module: import.meta.url, options: checkHttpOptions(url, options) };
}

/** @internal */
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

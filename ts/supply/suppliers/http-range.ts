import type { SupplierModule } from '../supplier.js';
import { checkHttpOptions, type HttpOptions } from './http/options.js';

/** A module of its own: only the thread that asks needs Node's HTTP client. */
const MODULE = new URL('./http/supplier.js', import.meta.url).href;

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
  return { module: MODULE, options: checkHttpOptions(url, options) };
}

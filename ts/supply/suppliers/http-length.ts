import { checkHttpOptions, type HttpOptions } from './http/options.js';
import { checkSignal } from '../../validate.js';

/**
 * How to ask an HTTP server for the length of an object.
 *
 * @category Supplying
 */
export interface HttpLengthOptions extends HttpOptions {
  /** Gives up: the promise then rejects with `signal.reason`. */
  signal?: AbortSignal;
}

/**
 * What an HTTP server says of an object.
 *
 * @category Supplying
 */
export interface HttpLength {
  /** How many bytes the object has. A region has whole pages: round it up. */
  byteLength: number;
  /** The strong ETag of this version, for `httpRange(url, { etag })`. Undefined if the version has none. */
  etag: string | undefined;
}

/**
 * Asks an HTTP server how long an object is, and which version of it is there, by asking for its first byte.
 *
 * @param url the object.
 * @param options as for `httpRange()`, and a signal.
 * @returns a promise that rejects as the supplier would.
 *
 * @category Supplying
 */
export async function httpLength(url: string | URL, options: HttpLengthOptions = {}): Promise<HttpLength> {
  const checked = checkHttpOptions(url, options);
  const { signal } = options;
  checkSignal(signal);
  const { RemoteObject } = await import('./http/remote-object.js'); // Node's HTTP client comes with it
  const object = new RemoteObject(checked);
  try {
    const version = await object.look(signal ?? new AbortController().signal);
    if (!version) return { byteLength: 0, etag: undefined };
    const { byteLength, validator } = version;
    return { byteLength, etag: 'etag' in validator ? validator.etag : undefined };
  } finally {
    object.close();
  }
}

import { invalidArgument } from '../../../errors.js';
import { checkOptions, describeValue, MAX_TIMEOUT_MS, parseUrl } from '../../../validate.js';
import { isStrongEtag } from './validator.js';

/**
 * How to ask an HTTP server.
 *
 * @category Supplying
 */
export interface HttpOptions {
  /**
   * Headers for every request, such as `authorization`. If the server redirects to another origin, they are not sent there,
   * because they may be secrets.
   */
  headers?: Readonly<Record<string, string>>;
  /**
   * The version of the object that is wanted: its strong ETag, quotes included, as `httpLength()` gives it. Default: the version
   * that is there when the supplier is made.
   */
  etag?: string;
  /** How often, one after the other, a request that has brought nothing is made again. Then the fill fails. Default: 5. */
  retries?: number;
  /** How many redirects are followed, one after the other. Default: 5. */
  redirects?: number;
  /** How many connections are used at once. Further requests wait. Default: 16. */
  connections?: number;
  /** How long a connection may be silent, in milliseconds. Then it is closed, and the request made again. Default: 5000. */
  silenceMs?: number;
  /** The path of a UNIX socket on which the server listens. All requests go there, whatever host the URL names. */
  socketPath?: string;
  /** Certificates in PEM format of the authorities that are trusted. Default: those that Node.js trusts. */
  ca?: string;
}

export interface CheckedHttpOptions extends Required<Omit<HttpOptions, 'etag' | 'socketPath' | 'ca'>> {
  url: string;
  etag: string | undefined;
  socketPath: string | undefined;
  ca: string | undefined;
}

const MOST_CONNECTIONS = 1024;
/** What this library says itself, and what would change the meaning of an answer. */
const RESERVED =
  /^(range|if-match|if-none-match|if-modified-since|if-unmodified-since|if-range|accept-encoding|host|connection|content-length|transfer-encoding|expect|upgrade)$/i;

/** Plain data, which can be sent to another thread. */
export function checkHttpOptions(url: unknown, options: HttpOptions): CheckedHttpOptions {
  checkOptions(options);
  const { etag, retries = 5, redirects = 5, connections = 16, silenceMs = 5000, socketPath, ca } = options;
  if (etag !== undefined && !isStrongEtag(etag)) {
    throw invalidArgument(
      `etag must be a strong ETag with its quotes, such as '"5d8c72a5"', got ${describeValue(etag)}; httpLength() finds it`,
    );
  }
  checkCount(retries, 'retries', 0, Number.MAX_SAFE_INTEGER);
  checkCount(redirects, 'redirects', 0, Number.MAX_SAFE_INTEGER);
  checkCount(connections, 'connections', 1, MOST_CONNECTIONS);
  checkCount(silenceMs, 'silenceMs', 1, MAX_TIMEOUT_MS);
  checkText(socketPath, 'socketPath');
  checkText(ca, 'ca');
  const headers = checkHeaders(options.headers ?? {});
  return { url: checkUrl(url), headers, etag, retries, redirects, connections, silenceMs, socketPath, ca };
}

function checkUrl(url: unknown): string {
  const parsed = parseUrl(url);
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:') {
    throw invalidArgument(`url must be an http or https URL, got ${describeValue(url)}`);
  }
  return parsed.href;
}

function checkHeaders(headers: unknown): Record<string, string> {
  if (typeof headers !== 'object' || headers === null) {
    throw invalidArgument(`headers must be an object of strings, got ${describeValue(headers)}`);
  }
  const checked: Record<string, string> = {};
  for (const [name, value] of Object.entries<unknown>({ ...headers })) {
    checkHeader(name, value);
    checked[name.toLowerCase()] = value;
  }
  return checked;
}

function checkHeader(name: string, value: unknown): asserts value is string {
  if (RESERVED.test(name)) throw invalidArgument(`the header ${name} is the library's own to set; leave it out`);
  if (typeof value !== 'string') throw invalidArgument(`the header ${name} must be a string`); // it may be a secret
  const { validateHeaderName, validateHeaderValue } = process.getBuiltinModule('node:http'); // not before it is needed
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch (cause) {
    throw invalidArgument(`the header ${name} is not one that HTTP can carry; leave out what is no visible ASCII`, {
      cause,
    });
  }
}

function checkCount(value: unknown, name: string, least: number, most: number): void {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    throw invalidArgument(`${name} must be an integer from ${least} to ${most}, got ${describeValue(value)}`);
  }
}

function checkText(value: unknown, name: string): void {
  if (value !== undefined && (typeof value !== 'string' || value === '')) {
    throw invalidArgument(`${name} must be a string, got ${describeValue(value)}`);
  }
}

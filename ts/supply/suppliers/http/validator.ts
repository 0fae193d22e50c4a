/**
 * What tells two versions of an object apart, RFC 9110, section 8.8. Ranges may be put together only if a strong validator is
 * the same for all of them.
 */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

export type Validator = { readonly etag: string } | { readonly lastModified: string };

/**
 * Last-Modified is strong only if the object cannot have changed twice in the second that it names. RFC 9110 asks for a second
 * between it and the answer's date, on one clock. A minute (RFC 7232) also covers servers whose clocks differ.
 */
const STRONG_AGE_MS = 60_000;

const STRONG_ETAG = /^"[\x21\x23-\x7e\x80-\xff]*"$/;

export function isStrongEtag(text: unknown): text is string {
  return typeof text === 'string' && STRONG_ETAG.test(text);
}

/** Undefined if the answer has no strong one. */
export function validatorOf(headers: IncomingHttpHeaders): Validator | undefined {
  const { etag, date } = headers;
  if (isStrongEtag(etag)) return { etag };
  const lastModified = headers['last-modified'];
  if (lastModified === undefined || date === undefined) return undefined;
  return Date.parse(date) - Date.parse(lastModified) >= STRONG_AGE_MS ? { lastModified } : undefined;
}

/** The headers that make the server refuse another version: some know only the first of the two. */
export function conditionsOf(validator: Validator): OutgoingHttpHeaders {
  if ('etag' in validator) return { 'if-match': validator.etag, 'if-range': validator.etag };
  return { 'if-unmodified-since': validator.lastModified, 'if-range': validator.lastModified };
}

/** What an answer says in place of the validator; undefined if it is the same. */
export function differenceOf(validator: Validator, headers: IncomingHttpHeaders): string | undefined {
  const [name, wanted, found] =
    'etag' in validator
      ? ['ETag', validator.etag, headers.etag]
      : ['Last-Modified', validator.lastModified, headers['last-modified']];
  if (found === wanted) return undefined;
  return `${name} is ${found ?? 'missing'} instead of ${wanted}`;
}

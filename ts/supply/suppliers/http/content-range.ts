/** The header of an answer to a range request, RFC 9110, section 14.4. */
export interface ContentRange {
  /** Undefined in the answer that the range lies outside (`bytes *`). */
  first: number | undefined;
  last: number | undefined;
  /** The length of the whole object; undefined if the server does not know it. */
  total: number | undefined;
}

/** Undefined if it is no Content-Range of bytes. */
export function parseContentRange(text: string | undefined): ContentRange | undefined {
  const [, first, last, total] = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/i.exec(text?.trim() ?? '') ?? [];
  if (total === undefined) return undefined;
  return { first: numberOf(first), last: numberOf(last), total: total === '*' ? undefined : numberOf(total) };
}

/** NaN where a number cannot hold it: it then equals nothing. */
function numberOf(digits: string | undefined): number | undefined {
  if (digits === undefined) return undefined;
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value : NaN;
}

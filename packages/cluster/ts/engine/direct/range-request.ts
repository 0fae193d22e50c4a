/** How a range is asked for over HTTP: `GET /OBJECT`, with a header `Range: bytes=FIRST-LAST`. */
import type { IncomingMessage } from 'node:http';
import type { ByteRange } from '../engine.js';
import { isName } from '../names.js';
import { faultOfRange } from '../range.js';

export interface RangeRequest {
  object: string;
  range: ByteRange;
}

export function headerOf({ offset, byteLength }: ByteRange): string {
  return `bytes=${offset}-${offset + byteLength - 1}`;
}

export function pathOf(object: string): string {
  return `/${object}`;
}

type RequestHead = Pick<IncomingMessage, 'method' | 'url' | 'headers'>;

/** Undefined if it is none. */
export function parseRequest({ method, url = '', headers }: RequestHead): RangeRequest | undefined {
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
  const object = url.slice(1);
  if (method !== 'GET' || hasBody || url !== pathOf(object) || !isName(object)) return undefined;
  const range = parseRange(headers.range);
  return range && { object, range };
}

function parseRange(header = ''): ByteRange | undefined {
  const [, first, last] = /^bytes=(\d{1,16})-(\d{1,16})$/.exec(header) ?? [];
  if (first === undefined || last === undefined) return undefined;
  const range = { offset: Number(first), byteLength: Number(last) - Number(first) + 1 };
  return faultOfRange(range) === undefined ? range : undefined;
}

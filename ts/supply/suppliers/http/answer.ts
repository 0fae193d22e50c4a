/** Judges the answers to range requests: what is wrong with one is thrown, as a Transient where another try may help. */
import type { IncomingMessage } from 'node:http';
import { supplyFailed } from '../../../errors.js';
import { parseContentRange, type ContentRange } from './content-range.js';
import { isTransientFailure, isTransientStatus, parseRetryAfter, Transient } from './transient.js';
import { differenceOf, validatorOf, type Validator } from './validator.js';

export interface Answer {
  readonly response: IncomingMessage;
  /** Names what has answered, in messages. */
  readonly from: string;
}

/** What must be the same in every answer. */
export interface Version {
  readonly byteLength: number;
  readonly validator: Validator;
}

/** The answer to a request for the first byte of an object without any. */
export function isEmpty({ response }: Answer): boolean {
  return response.statusCode === 416 && parseContentRange(response.headers['content-range'])?.total === 0;
}

/** What the first answer tells of the object. */
export function versionIn(answer: Answer, wanted: Validator | undefined): Version {
  const { total } = expectPartial(answer, 0, 0, wanted);
  if (total === undefined) throw misfit(answer, 'does not say how long the object is');
  const validator = wanted ?? validatorOf(answer.response.headers);
  if (validator) return { byteLength: total, validator };
  const { etag } = answer.response.headers;
  throw misfit(
    answer,
    `has no strong validator (its ETag is ${etag ?? 'missing'}), so that two versions of the object could not be told apart`,
    'let the server send a strong ETag, or copy the object to a file and use fileRange',
  );
}

/** Throws unless the answer is that range of that version. */
export function expectRange(answer: Answer, first: number, last: number, version: Version): void {
  const { total } = expectPartial(answer, first, last, version.validator);
  if (total !== version.byteLength) {
    throw changed(answer, `it has ${total ?? 'an unknown number of'} bytes, and had ${version.byteLength}`);
  }
}

/** The body. An end that comes too early throws. */
export async function* bodyOf({ response, from }: Answer): AsyncGenerator<Uint8Array, void> {
  try {
    yield* response as AsyncIterable<Uint8Array>;
  } catch (cause) {
    const message = `${from} has broken off its answer`;
    if (cause instanceof Transient || !isTransientFailure(cause)) throw cause;
    throw new Transient(message, { cause });
  }
}

function expectPartial(answer: Answer, first: number, last: number, wanted: Validator | undefined): ContentRange {
  const { headers } = answer.response;
  expectStatus206(answer, wanted);
  const difference = wanted && differenceOf(wanted, headers);
  if (difference !== undefined) throw changed(answer, difference);
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    throw misfit(answer, `has the Content-Encoding ${encoding}`, 'let the server send the bytes as they are');
  }
  const text = headers['content-range'];
  const range = parseContentRange(text);
  if (range?.first === first && range.last === last) return range;
  throw misfit(
    answer,
    `has ${text === undefined ? 'no Content-Range' : `the Content-Range '${text}'`}, not ${first}-${last}`,
  );
}

function expectStatus206(answer: Answer, wanted: Validator | undefined): void {
  const { statusCode = 0, statusMessage = '', headers } = answer.response;
  if (statusCode === 206) return;
  if (statusCode === 412) throw changed(answer, 'the server answers 412');
  if (statusCode === 416) throw changed(answer, `it has no such range any more (${headers['content-range'] ?? '416'})`);
  if (statusCode === 200) {
    const difference = wanted && differenceOf(wanted, headers);
    if (difference !== undefined) throw changed(answer, difference);
    throw misfit(answer, 'is the whole object: the server does not answer ranges', 'use a server that does');
  }
  const what = `${answer.from} answers ${statusCode} ${statusMessage}`.trimEnd();
  if (isTransientStatus(statusCode)) {
    throw new Transient(what, { retryAfterMs: parseRetryAfter(headers['retry-after']) });
  }
  if (statusCode === 401 || statusCode === 403) {
    throw supplyFailed(`${what}; check the headers, and whether a signed URL is out of date`);
  }
  throw supplyFailed(`${what}; check the URL`);
}

function changed({ from }: Answer, how: string): Error {
  return supplyFailed(`the object ${from} is not the version that was wanted: ${how}; supply it anew`);
}

function misfit({ from }: Answer, what: string, remedy = 'use another server'): Error {
  return supplyFailed(`the answer of ${from} ${what}; ${remedy}`);
}

/** Checks of ranges, on both sides: a holder believes no asker, and an asker no holder. */
import { textOf } from '../errors.js';
import { EngineError, MAX_RANGE_BYTES, type AnswerRange, type ByteRange } from './engine.js';

/** Undefined if it is a range, or what is wrong with it. */
export function faultOfRange({ offset, byteLength }: ByteRange): string | undefined {
  if (!Number.isSafeInteger(offset) || offset < 0) return `an offset must be a whole number from 0, got ${offset}`;
  if (!Number.isSafeInteger(byteLength) || byteLength < 1 || byteLength > MAX_RANGE_BYTES) {
    return `a range must have 1 to ${MAX_RANGE_BYTES} bytes, got ${byteLength}`;
  }
  return undefined;
}

/** @throws RangeError if it is none. */
export function checkRange(range: ByteRange): void {
  const fault = faultOfRange(range);
  if (fault !== undefined) throw new RangeError(`${fault}; ask for less at once`);
}

/** The bytes of a range. Rejects with an Error whose message the asker is given. */
export async function answerExactly(answer: AnswerRange, range: ByteRange): Promise<Uint8Array> {
  const bytes = await answer(range);
  if (bytes.byteLength === range.byteLength) return bytes;
  throw new Error(`the holder has ${bytes.byteLength} bytes instead of ${range.byteLength} at ${range.offset}`);
}

export function refusal(holder: string, object: string, why: unknown): EngineError {
  return new EngineError('refused', `${holder} refused a range of ${object}: ${textOf(why)}`, { cause: why });
}

export function gone(holder: string, object: string): EngineError {
  return new EngineError(
    'gone',
    `${holder} does not answer for ${object}: its agent has ended, or it serves it no longer`,
  );
}

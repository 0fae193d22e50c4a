/** Numbered messages: one that is missing, torn or in the wrong place differs from the right one. */
import { AssertionError } from 'chai';

/** Fills a message: every byte follows from its number, its length and its own place. */
export function fillNumbered(bytes: Uint8Array, number: number): void {
  for (let at = 0; at < bytes.length; at++) bytes[at] = byteOf(number, bytes.length, at);
}

export function numbered(number: number, byteLength: number): Uint8Array {
  const bytes = new Uint8Array(byteLength);
  fillNumbered(bytes, number);
  return bytes;
}

export function expectNumbered(bytes: Uint8Array, number: number, byteLength: number): void {
  if (bytes.length !== byteLength) {
    throw new AssertionError(`message ${number} has ${bytes.length} bytes, not ${byteLength}`);
  }
  for (let at = 0; at < byteLength; at++) {
    if (bytes[at] !== byteOf(number, byteLength, at))
      throw new AssertionError(`message ${number}, byte ${at}: not its own`);
  }
}

/** A length for each number: most are small, some are close to `slotBytes`, few are large. */
export function lengthOf(number: number, slotBytes: number): number {
  const choices = [0, 1, 7, 8, 9, slotBytes - 1, slotBytes, number % slotBytes];
  return number % 97 === 96 ? slotBytes + 1 + (number % 5000) : (choices[number % choices.length] ?? 0);
}

function byteOf(number: number, byteLength: number, at: number): number {
  return (number * 31 + byteLength * 7 + at) & 0xff;
}

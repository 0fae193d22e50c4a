/**
 * The contents of a message, by which both sides touch every cache line of it. bench/peers/messages/payload.h is the same in
 * C, and describes the format.
 */
const LINE_BYTES = 64;
const NUMBER_BYTES = 4;

/** Four cache lines in each turn of a loop: in JavaScript the turns would otherwise cost more than the work. */
const TURN_BYTES = 4 * LINE_BYTES;

/** REQUIRES: at least 8 bytes. */
export function stamp(message: Uint8Array, number: number): void {
  const last = message.length - NUMBER_BYTES;
  let at = LINE_BYTES;
  let mark = (number + 1) | 0;
  putNumber(message, 0, number);
  for (; at + 3 * LINE_BYTES < last; at += TURN_BYTES, mark = (mark + 4) | 0) putMarks(message, at, mark);
  for (; at < last; at += LINE_BYTES, mark++) message[at] = mark;
  putNumber(message, last, number);
}

export function isStamped(message: Uint8Array, number: number): boolean {
  const last = message.length - NUMBER_BYTES;
  let at = LINE_BYTES;
  let mark = (number + 1) | 0;
  let differences = 0;
  for (; at + 3 * LINE_BYTES < last; at += TURN_BYTES, mark = (mark + 4) | 0) {
    differences |= differencesOf(message, at, mark);
  }
  for (; at < last; at += LINE_BYTES, mark++) differences |= (message[at] ?? 0) ^ mark;
  return numberAt(message, 0) === number && numberAt(message, last) === number && (differences & 0xff) === 0;
}

/** @throws if the message has another length or other contents. */
export function expectStamped(message: Uint8Array, byteLength: number, number: number): void {
  if (message.length === byteLength && isStamped(message, number)) return;
  throw new Error(`message ${number} is not what was sent: ${message.length} bytes, number ${numberAt(message, 0)}`);
}

function putMarks(message: Uint8Array, at: number, first: number): void {
  // The last index goes first: once that is checked against the bounds, the compiler need not check the others.
  message[at + 3 * LINE_BYTES] = first + 3;
  message[at] = first;
  message[at + LINE_BYTES] = first + 1;
  message[at + 2 * LINE_BYTES] = first + 2;
}

/** Returns the differences in its lower 8 bits. */
function differencesOf(message: Uint8Array, at: number, first: number): number {
  return (
    ((message[at + 3 * LINE_BYTES] ?? 0) ^ (first + 3)) |
    ((message[at] ?? 0) ^ first) |
    ((message[at + LINE_BYTES] ?? 0) ^ (first + 1)) |
    ((message[at + 2 * LINE_BYTES] ?? 0) ^ (first + 2))
  );
}

function putNumber(message: Uint8Array, at: number, number: number): void {
  message[at] = number;
  message[at + 1] = number >> 8;
  message[at + 2] = number >> 16;
  message[at + 3] = number >> 24;
}

function numberAt(message: Uint8Array, at: number): number {
  const low = (message[at] ?? 0) | ((message[at + 1] ?? 0) << 8);
  const high = (message[at + 2] ?? 0) | ((message[at + 3] ?? 0) << 8);
  return (low | (high << 16)) >>> 0;
}

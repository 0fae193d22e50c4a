/**
 * What a message holds, so that both sides touch every cache line of it. bench/peers/messages/payload.h is the same in C,
 * and says what it is.
 */
const LINE_BYTES = 64;
const NUMBER_BYTES = 4;

/** REQUIRES: at least 8 bytes. */
export function stamp(message: Uint8Array, number: number): void {
  const last = message.length - NUMBER_BYTES;
  putNumber(message, 0, number);
  for (let at = LINE_BYTES, line = 1; at < last; at += LINE_BYTES, line++) message[at] = number + line;
  putNumber(message, last, number);
}

export function isStamped(message: Uint8Array, number: number): boolean {
  const last = message.length - NUMBER_BYTES;
  let differences = 0;
  for (let at = LINE_BYTES, line = 1; at < last; at += LINE_BYTES, line++) {
    differences |= (message[at] ?? 0) ^ ((number + line) & 0xff);
  }
  return numberAt(message, 0) === number && numberAt(message, last) === number && differences === 0;
}

/** @throws when the message is of another length, or not what was sent. */
export function expectStamped(message: Uint8Array, byteLength: number, number: number): void {
  if (message.length === byteLength && isStamped(message, number)) return;
  throw new Error(`message ${number} is not what was sent: ${message.length} bytes, number ${numberAt(message, 0)}`);
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

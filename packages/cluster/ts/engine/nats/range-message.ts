import type { ByteRange } from '../engine.js';

const MESSAGE_BYTES = 12;

/** Asks whether anybody answers for an object: it has no bytes, and the answer has none. */
export const PROBE: ByteRange = { offset: 0, byteLength: 0 };

/** The header of a refusal, whose value says why. */
export const REFUSED = 'Vmo-Refused';

export function encodeRange({ offset, byteLength }: ByteRange): Uint8Array {
  const message = new Uint8Array(MESSAGE_BYTES);
  const view = new DataView(message.buffer);
  view.setBigUint64(0, BigInt(offset), true);
  view.setUint32(8, byteLength, true);
  return message;
}

/** Undefined if these bytes are no range at all. The numbers are not checked. */
export function decodeRange(message: Uint8Array): ByteRange | undefined {
  if (message.byteLength !== MESSAGE_BYTES) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  return { offset: Number(view.getBigUint64(0, true)), byteLength: view.getUint32(8, true) };
}

/** What a header's value may have: one line of printable characters, not too long. */
export function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 1000);
}

/**
 * An enclosure: memory that is offered beside the ring, and described in the slot. Pure.
 *
 *     description := address:u64 byte_length:u64 data_bytes:u64
 */
import { protocolError } from '../protocol-error.js';

export const DESCRIPTION_BYTES = 24;
const ADDRESS_LIMIT = 1n << 63n;

export interface Description {
  /** The address of the offer in the process that sends. */
  address: bigint;
  /** The length of the offer: whole pages. */
  byteLength: number;
  /** The length of the message, which begins at the first byte of the offer. */
  dataBytes: number;
}

export function writeDescription(words: Int32Array, at: number, description: Description): void {
  const { address, byteLength, dataBytes } = description;
  for (const [index, value] of [address, BigInt(byteLength), BigInt(dataBytes)].entries()) {
    words[at + 2 * index] = Number(BigInt.asIntN(32, value));
    words[at + 2 * index + 1] = Number(BigInt.asIntN(32, value >> 32n));
  }
}

/**
 * Reads each word once: the other side could change it between two reads.
 *
 * @throws {VmoError} ERR_VMO_PROTOCOL if no offer can have this description.
 */
export function readDescription(words: Int32Array, at: number, pageSize: number): Description {
  const address = readLong(words, at);
  const byteLength = Number(readLong(words, at + 2));
  const dataBytes = Number(readLong(words, at + 4));
  const isAddress = address > 0n && address < ADDRESS_LIMIT && address % BigInt(pageSize) === 0n;
  const isLength = Number.isSafeInteger(byteLength) && byteLength > 0 && byteLength % pageSize === 0;
  if (isAddress && isLength && dataBytes <= byteLength) return { address, byteLength, dataBytes };
  throw protocolError(`has described a message of ${dataBytes} bytes in ${byteLength} at 0x${address.toString(16)}`);
}

function readLong(words: Int32Array, at: number): bigint {
  const low = words[at] ?? 0;
  const high = words[at + 1] ?? 0;
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

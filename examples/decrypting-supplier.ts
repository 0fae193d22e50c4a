/** A supplier that decrypts a file where it is touched. examples/decrypt-on-touch.ts has it run in a Worker. */
import { createDecipheriv } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { SuppliedMemory, Supplier } from 'vmoffer';

export interface DecryptingOptions {
  path: string;
  /** 32 bytes. */
  key: Uint8Array;
  /** The counter of the first block: 16 bytes. */
  counter: Uint8Array;
}

const BLOCK_BYTES = 16;

export async function createSupplier(options: DecryptingOptions, memory?: SuppliedMemory): Promise<Supplier> {
  const file = await open(options.path);
  const { size } = await file.stat();
  if (size < (memory?.byteLength ?? 0)) throw new RangeError(`${options.path} has ${size} bytes`);
  const supplier: Supplier = async ({ offset }, into) => {
    const { bytesRead } = await file.read(into, 0, into.length, offset);
    if (bytesRead < into.length) throw new RangeError(`${options.path} has become shorter`);
    const decipher = createDecipheriv('aes-256-ctr', options.key, counterAt(options.counter, offset));
    into.set(decipher.update(into));
  };
  return Object.assign(supplier, { [Symbol.asyncDispose]: () => file.close() });
}

/** In counter mode each block has a number, so that decryption can begin at any. A unit is whole blocks. */
function counterAt(first: Uint8Array, offset: number): Uint8Array {
  const counter = BigInt(`0x${Buffer.from(first).toString('hex')}`) + BigInt(offset / BLOCK_BYTES);
  const digits = BigInt.asUintN(8 * BLOCK_BYTES, counter).toString(16);
  return Buffer.from(digits.padStart(2 * BLOCK_BYTES, '0'), 'hex');
}

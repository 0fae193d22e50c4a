/** Asks suppliers for bytes, as supplied memory does. */
import { expect } from 'chai';
import { loadSupplier } from '#ts/supply/load.js';
import type { SuppliedMemory, Supplier, SupplierModule, Want } from '#ts/supply/supplier.js';

const FOREVER: AbortSignal = new AbortController().signal;

/** One fill, with what it told of its progress. */
export class Wanted implements Want {
  readonly waiting = true;
  readonly into: Uint8Array;
  progressCount = 0;

  constructor(
    readonly offset: number,
    readonly byteLength: number,
    readonly signal: AbortSignal = FOREVER,
  ) {
    this.into = new Uint8Array(byteLength).fill(0xee);
  }

  progress(): void {
    this.progressCount++;
  }
}

export class Loaded implements AsyncDisposable {
  readonly supplier: Supplier;

  constructor(supplier: Supplier) {
    this.supplier = supplier;
  }

  async fill(offset: number, byteLength: number, signal?: AbortSignal): Promise<Uint8Array> {
    return (await this.run(new Wanted(offset, byteLength, signal))).into;
  }

  async run(wanted: Wanted): Promise<Wanted> {
    await this.supplier(wanted, wanted.into);
    return wanted;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.supplier[Symbol.asyncDispose]?.();
  }
}

/** Loads it as it arrives in a Worker: cloned. */
export async function load(description: SupplierModule, memory?: SuppliedMemory): Promise<Loaded> {
  return new Loaded(await loadSupplier(structuredClone(description), memory));
}

/** Contents of which every range tells where it is from. */
export function contents(byteLength: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(Math.ceil(byteLength / 4) * 4);
  for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE((at * 2654435761 + seed) % 2 ** 32, at);
  return bytes.subarray(0, byteLength);
}

export function expectBytes(found: Uint8Array, expected: Uint8Array): void {
  expect(Buffer.compare(found, expected), 'the bytes').to.equal(0);
}

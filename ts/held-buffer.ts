import { markAsUntransferable } from 'node:worker_threads';
import { invalidArgument } from './errors.js';
import type { Native } from './native.js';

/*
 * A buffer that a program moves (transfer(), a transfer list) stays attached to the memory, whatever becomes of its region.
 * V8 has a detach key against that: moving throws. V8 before 13 (Node 20 to 23) aborts the process where it should throw
 * (ArrayBufferPrototypeTransfer and Node's detachArrayBuffer take the failure for impossible), so there it gets no key.
 */
const THROWS_AT_KEYS = Number.parseInt(process.versions.v8, 10) >= 13;
const REFUSALS = Object.fromEntries(
  ['transfer', 'transferToFixedLength', 'transferToImmutable'].map((method) => [method, { value: refusalOf(method) }]),
);

/** Whether a detach key keeps every way of moving a region's buffer shut on this runtime. */
export function hasDetachKeys({ hasNodeFunctions }: Native): boolean {
  return THROWS_AT_KEYS && hasNodeFunctions;
}

/** Keeps a program from moving `buffer`, as far as the runtime goes. */
export function holdInPlace(buffer: ArrayBuffer, native: Native): void {
  // Node refuses a transfer list that has a marked buffer before it has moved any other buffer of the list.
  if (native.hasNodeFunctions) markAsUntransferable(buffer);
  if (!hasDetachKeys(native)) Object.defineProperties(buffer, REFUSALS);
}

function refusalOf(method: string): () => never {
  return () => {
    throw invalidArgument(
      `${method}() cannot move the buffer of a region; copy it with slice(), or offer the region to another process or thread`,
    );
  };
}

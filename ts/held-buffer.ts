import { markAsUntransferable } from 'node:worker_threads';
import { invalidArgument } from './errors.js';
import { addon } from './load-addon.js';

/*
 * A buffer that a program moves (transfer(), a transfer list) stays attached to the memory, whatever becomes of its region.
 * V8 has a detach key against that: moving throws. V8 before 13 (Node 20 to 23) aborts the process where it should throw
 * (ArrayBufferPrototypeTransfer and Node's detachArrayBuffer take the failure for impossible), so there it gets no key.
 */
const V8_MAJOR_THAT_THROWS = 13;
const MOVING_METHODS = ['transfer', 'transferToFixedLength', 'transferToImmutable'] as const;

/** Whether a detach key keeps every way of moving a region's buffer shut on this runtime. */
export function hasDetachKeys(): boolean {
  return addon().hasDetachKeys && Number.parseInt(process.versions.v8, 10) >= V8_MAJOR_THAT_THROWS;
}

/** Keeps a program from moving `buffer`, as far as the runtime goes. */
export function holdInPlace(buffer: ArrayBuffer): void {
  // Node refuses a transfer list that has a marked buffer before it has moved any other buffer of the list.
  if (addon().hasDetachKeys) markAsUntransferable(buffer);
  if (!hasDetachKeys()) refuseMoves(buffer);
}

function refuseMoves(buffer: ArrayBuffer): void {
  for (const method of MOVING_METHODS) {
    const refuse = () => {
      throw invalidArgument(
        `${method}() cannot move the buffer of a region; copy it with slice(), or offer the region to another process or thread`,
      );
    };
    Object.defineProperty(buffer, method, { value: refuse });
  }
}

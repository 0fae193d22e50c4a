import { markAsUntransferable } from 'node:worker_threads';
import { invalidArgument } from './errors.js';
import type { Native } from './native.js';

/*
 * If a program moves a buffer (transfer(), a transfer list), the moved buffer stays attached to the memory, whatever becomes
 * of the region. V8's detach keys prevent that: moving throws. V8 before 13 (Node 20 to 23) aborts the process where it should
 * throw, because ArrayBufferPrototypeTransfer and Node's detachArrayBuffer expect no failure. There a buffer gets no key.
 */
const THROWS_AT_KEYS = Number.parseInt(process.versions.v8, 10) >= 13;
const REFUSALS = Object.fromEntries(
  ['transfer', 'transferToFixedLength', 'transferToImmutable'].map((method) => [method, { value: refusalOf(method) }]),
);

type Runtime = Pick<Native, 'hasNodeFunctions'>;

/** Whether a detach key prevents every way of moving a region's buffer on this runtime. */
export function hasDetachKeys({ hasNodeFunctions }: Runtime): boolean {
  return THROWS_AT_KEYS && hasNodeFunctions;
}

/** Keeps a program from moving `buffer`, as far as the runtime allows. */
export function holdInPlace(buffer: ArrayBuffer, runtime: Runtime): void {
  // Node refuses a transfer list with a marked buffer before it moves any other buffer of the list.
  if (runtime.hasNodeFunctions) markAsUntransferable(buffer);
  if (!hasDetachKeys(runtime)) Object.defineProperties(buffer, REFUSALS);
}

function refusalOf(method: string): () => never {
  return () => {
    throw invalidArgument(
      `${method}() cannot move the buffer of a region; copy it with slice(), or offer the region to another process or thread`,
    );
  };
}

/** Reads memory with the same code as the peers in C. */
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { buildAddon } from './build.js';

export interface Reader {
  /** The sum of all 64-bit words; the length is a multiple of 64. */
  sum(memory: Uint8Array): bigint;
  /** Reads one byte at each offset. */
  touch(memory: Uint8Array, offsets: BigUint64Array): void;
  /** Writes one byte at each offset. */
  write(memory: Uint8Array, offsets: BigUint64Array): void;
  /** Reads one byte at each offset. Returns the nanoseconds of each read. */
  timeTouches(memory: Uint8Array, offsets: BigUint64Array): Float64Array;
  /** Reads the first byte of each memory, divided among `threads` threads. Returns the nanoseconds that all of it took. */
  touchTogether(memories: readonly Uint8Array[], threads: number): number;
}

let reader: Reader | undefined;

/** Builds the addon at the first call. */
export function loadReader(): Reader {
  reader ??= createRequire(import.meta.url)(resolve(buildAddon('reader'))) as Reader;
  return reader;
}

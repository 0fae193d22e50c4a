/** What the source process of supplied memory is told, and what it answers. */
import type { SupplyStats } from 'vmoffer';

/**
 * Who brings the bytes: a function on the main thread, a module in a Worker, a file by `fileRange` in a Worker, the program itself
 * beforehand (every other unit), a native thread (where the addon is `probe`), or nobody ever.
 */
export type Way =
  | { kind: 'here' }
  | { kind: 'worker'; ms?: number }
  | { kind: 'file'; path: string }
  | { kind: 'beforehand' }
  | { kind: 'native' }
  | { kind: 'never' };

export interface Memory {
  way: Way;
  byteLength: number;
  unit: number;
  budget?: number;
}

export type Order =
  /** Takes the place of the memory that was supplied before. */
  | { kind: 'supply'; memory: Memory }
  /** To this process; once more for each further claim. */
  | { kind: 'offer'; destPid: number }
  | { kind: 'stats' }
  | { kind: 'release' }
  /** Whether the main thread is busy, in turns of 5 ms. */
  | { kind: 'busy'; isBusy: boolean }
  /** The supplier of this memory by itself. */
  | { kind: 'alone'; memory: Memory; inFlight: number };

export interface Reply {
  address?: bigint;
  stats?: SupplyStats;
  ms?: number;
}

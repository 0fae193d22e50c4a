/** One run of messages between two processes. Each of them gets it as JSON. */
import type { Cores } from './placement.js';
import type { NodeWayName } from './ways.js';

export type Kind = 'one-way' | 'ping-pong';

export interface Run {
  kind: Kind;
  way: NodeWayName;
  byteLength: number;
  /** Messages, or round trips, before those that are timed. */
  warmUp: number;
  /** How many are timed. For round trips, a multiple of ROUND_TRIPS_A_TICK. */
  count: number;
  /** The slots of a ring, in each direction. */
  slots: number;
  cores: Cores;
  /** The program that pins a thread to a core. */
  pinProgram: string;
  /** The pause after each round trip. Default: none. */
  pauseMs?: number;
}

/** Reading the clock costs as much as a fast round trip, so this many are timed together, here and in C. */
export const ROUND_TRIPS_A_TICK = 16;

/** How many messages one call sends, for ways that can send several: here and in C. */
export const BATCH = 32;

export function totalOf({ warmUp, count }: Run): number {
  return warmUp + count;
}

/** Does not block: during the pause of a paced run, the receiving loop goes on waiting. */
export function pauseAndThen({ pauseMs }: Run, next: () => void): void {
  if (pauseMs === undefined) next();
  else setTimeout(next, pauseMs);
}

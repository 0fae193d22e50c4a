/** One run of messages between two processes. It is said to each of them as JSON. */
import type { Cores } from './placement.js';
import type { NodeWayName } from './ways.js';

export type Kind = 'one-way' | 'ping-pong';

export interface Run {
  kind: Kind;
  way: NodeWayName;
  byteLength: number;
  /** Messages, or round trips, before those that are timed. */
  warmUp: number;
  /** Of round trips, a multiple of ROUND_TRIPS_A_TICK. */
  count: number;
  /** Of a ring, in each direction. */
  slots: number;
  cores: Cores;
  /** That puts a thread on a core. */
  pinProgram: string;
  /** Between a round trip and the next. Default: none. */
  pauseMs?: number;
}

/** Reading the clock costs as much as a fast round trip: so many of them are timed together, here and in C. */
export const ROUND_TRIPS_A_TICK = 16;

/** Messages that go by one call, where the way can: here and in C. */
export const BATCH = 32;

export function totalOf({ warmUp, count }: Run): number {
  return warmUp + count;
}

/** Where a run is paced, the loop that receives goes on waiting meanwhile. */
export function pauseAndThen({ pauseMs }: Run, next: () => void): void {
  if (pauseMs === undefined) next();
  else setTimeout(next, pauseMs);
}

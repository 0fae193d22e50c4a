import type { Run } from './run.js';

/**
 * One side of a way to carry messages. The side that takes the time either receives while the other sends, or pings while
 * the other pongs.
 */
export interface End {
  send(run: Run): Promise<void>;
  /** @returns the milliseconds of the timed messages, from one verified message to another. */
  receive(run: Run): Promise<number>;
  /** @returns the milliseconds of a round trip, for each tick. */
  ping(run: Run): Promise<number[]>;
  pong(run: Run): Promise<void>;
}

export interface Way {
  /** Runs in the process that takes the time: starts the other one, and connects to it. */
  openFirst(run: Run): Promise<End>;
  /** Runs in the other process (or thread). */
  openSecond(run: Run, firstPid: number): Promise<End>;
}

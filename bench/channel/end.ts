import type { Run } from './run.js';

/**
 * One side of a way to carry messages. The side that clocks receives what the other one sends, or pings while the other
 * one pongs.
 */
export interface End {
  send(run: Run): Promise<void>;
  /** @returns the milliseconds of the timed messages, from one being verified to another being verified. */
  receive(run: Run): Promise<number>;
  /** @returns the milliseconds of a round trip, by tick. */
  ping(run: Run): Promise<number[]>;
  pong(run: Run): Promise<void>;
}

export interface Way {
  /** In the process that clocks: starts the other one, and connects to it. */
  openFirst(run: Run): Promise<End>;
  /** In the other process (or thread). */
  openSecond(run: Run, firstPid: number): Promise<End>;
}

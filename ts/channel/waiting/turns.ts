import { setImmediate } from 'node:timers/promises';

const LOOK_EVERY = 16;
const TURN_MS = 1;

/** Gives the rest of the program its turn, even if messages never stop. */
export class Turns {
  #untilLook = LOOK_EVERY;
  #lastTurn = performance.now();

  /** Whether it is time to give the event loop a turn. Call this once for each message. */
  isDue(): boolean {
    if (--this.#untilLook > 0) return false;
    this.#untilLook = LOOK_EVERY;
    return performance.now() - this.#lastTurn > TURN_MS;
  }

  async give(): Promise<void> {
    await setImmediate();
    this.note();
  }

  /** Call this when the event loop has just had a turn. */
  note(): void {
    this.#lastTurn = performance.now();
  }

  /** When the event loop had its last turn, in the time of `performance.now()`. */
  get lastAt(): number {
    return this.#lastTurn;
  }
}

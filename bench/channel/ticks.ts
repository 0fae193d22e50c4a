import { ROUND_TRIPS_A_TICK, type Run } from './run.js';

/** Times groups of round trips (ticks), once the warm-up is over. */
export class Ticks {
  /** The milliseconds of one round trip, for each tick. */
  readonly took: number[] = [];
  readonly #warmUp: number;
  readonly #each: number;
  #start = 0;

  constructor({ warmUp, pauseMs }: Run, each = pauseMs === undefined ? ROUND_TRIPS_A_TICK : 1) {
    this.#warmUp = warmUp;
    this.#each = each;
  }

  begin(number: number): void {
    const timed = number - this.#warmUp;
    if (timed >= 0 && timed % this.#each === 0) this.#start = performance.now();
  }

  end(number: number): void {
    const timed = number - this.#warmUp;
    if (timed < 0 || timed % this.#each !== this.#each - 1) return;
    this.took.push((performance.now() - this.#start) / this.#each);
  }
}

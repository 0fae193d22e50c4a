import { availableParallelism } from 'node:os';

const MOST_LOOKS = 2048;
const FEWEST_LOOKS = 32;

/**
 * How often to look before going to sleep. It doubles when the other side came in time and halves when it did not: a side
 * that is answered within microseconds does not sleep, and one that is not hardly spins. On a machine with one processor the
 * other side cannot come while this one looks.
 */
export class SpinBudget {
  readonly #most: number;
  #looks: number;

  constructor(processors = availableParallelism()) {
    this.#most = processors > 1 ? MOST_LOOKS : 0;
    this.#looks = this.#most;
  }

  /** Looks, as often as it pays, and returns whether anything was there. */
  spend(look: (looks: number) => boolean): boolean {
    const hasPaid = look(this.#looks);
    const wanted = hasPaid ? this.#looks * 2 : this.#looks / 2;
    this.#looks = Math.min(Math.max(wanted, FEWEST_LOOKS), this.#most);
    return hasPaid;
  }
}

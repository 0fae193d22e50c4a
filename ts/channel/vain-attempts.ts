/** Some hundred microseconds of trying again and again. */
const MANY = 8192;

/**
 * Who tries again and again without giving the event loop a turn is not told that the other side has gone. Every so often he
 * has to look for himself.
 */
export class VainAttempts {
  readonly #look: () => void;
  #count = 0;

  constructor(look: () => void) {
    this.#look = look;
  }

  note(): void {
    this.#count = (this.#count + 1) % MANY;
    if (this.#count === 0) this.#look();
  }
}

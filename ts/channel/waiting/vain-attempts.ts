/** As many attempts as take some hundred microseconds. */
const MANY = 8192;

/**
 * A caller that tries again and again without giving the event loop a turn is not told that the other side has gone. So it
 * looks for itself every so often.
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

/** This many attempts take a few hundred microseconds. */
const MANY = 8192;

/**
 * Counts attempts that found nothing. A caller that polls in a loop gives the event loop no turn, and so never hears the bell
 * hang up. After many attempts it therefore checks for itself whether the other side is gone.
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

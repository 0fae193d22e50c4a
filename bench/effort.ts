/** How much a run measures: everything, for figures, or next to nothing, to see that it works. */
export class Effort {
  /** True when the figures mean nothing. */
  readonly isQuick: boolean;
  readonly #rounds: number | undefined;

  constructor({ isQuick = false, rounds }: { isQuick?: boolean; rounds?: number | undefined } = {}) {
    this.isQuick = isQuick;
    this.#rounds = rounds;
  }

  /** How often everything is measured, where nobody has asked for a number. */
  rounds(usual: number): number {
    return this.#rounds ?? (this.isQuick ? 1 : usual);
  }

  /** One of two amounts of whatever it is: bytes, touches, sizes. */
  pick<T>(usual: T, quick: T): T {
    return this.isQuick ? quick : usual;
  }
}

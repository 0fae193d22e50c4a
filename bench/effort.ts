/** How much a run measures: everything, for figures, or next to nothing, to check that it works. */
export class Effort {
  /** True when the figures mean nothing. */
  readonly isQuick: boolean;
  readonly #rounds: number | undefined;

  constructor({ isQuick = false, rounds }: { isQuick?: boolean; rounds?: number | undefined } = {}) {
    this.isQuick = isQuick;
    this.#rounds = rounds;
  }

  /** How many rounds there are, unless the command line says a number. */
  rounds(usual: number): number {
    return this.#rounds ?? (this.isQuick ? 1 : usual);
  }

  /** One of two amounts, of bytes, touches or sizes, for example. */
  pick<T>(usual: T, quick: T): T {
    return this.isQuick ? quick : usual;
  }
}

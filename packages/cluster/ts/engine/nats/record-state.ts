import type { Entry, OfferName } from '../engine.js';

/** How many of its revisions a state remembers: a writer asks soon after it has written. */
const REMEMBERED = 32;

/** One message of a record's log. */
export interface Written {
  sequence: number;
  /** The revision that its writer has seen. 0: it wrote the first. */
  replaces: number;
  /** Undefined: the record was withdrawn. */
  entry: Entry | undefined;
}

/**
 * What a record is, from its log. A message counts if it replaces the revision that counted last, whatever the server has let in: of
 * two writers who have seen the same revision the first in the log wins, and everybody who reads the log agrees.
 */
export class RecordState {
  readonly name: OfferName;
  #revision = 0;
  #entry: Entry | undefined;
  #last = 0;
  readonly #counted: number[] = [];

  constructor(name: OfferName) {
    this.name = name;
  }

  /** The sequence of the message that counted last. */
  get revision(): number {
    return this.#revision;
  }

  get entry(): Entry | undefined {
    return this.#entry;
  }

  /** The sequence of the last message, whether or not it counted. */
  get last(): number {
    return this.#last;
  }

  /**
   * Returns whether it counts. The server keeps the last messages of a log only: one that replaces what was never seen follows
   * messages that are not kept any more.
   */
  append({ sequence, replaces, entry }: Written): boolean {
    const counts = this.#last === 0 || replaces === this.#revision || replaces > this.#last;
    this.#last = sequence;
    if (!counts) return false;
    this.#revision = sequence;
    this.#entry = entry;
    this.#counted.push(sequence);
    if (this.#counted.length > REMEMBERED) this.#counted.shift();
    return true;
  }

  /** Whether the message with this sequence counted. */
  hasCounted(sequence: number): boolean {
    return this.#counted.includes(sequence);
  }
}

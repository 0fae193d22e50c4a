import type { Whereabouts } from '../waiting/lookout.js';
import { CORE_WORD, type RingLayout } from './layout.js';

/**
 * Knows on which cores the two sides run. Each side stores its own core in the ring that it writes, when it looks and when it
 * goes to sleep. The other side's word is a hint: if it is wrong, this side looks in vain, or sleeps at once.
 */
export class Cores implements Whereabouts {
  wereApart = true;
  readonly #words: Int32Array;
  readonly #currentCore: () => number;
  readonly #ownAt: number;
  readonly #otherAt: number;
  /** The value that this side has stored: its core plus 1; 0 if unknown. */
  #own = 0;

  /** @param currentCore returns the core of the calling thread; negative if unknown. */
  constructor(words: Int32Array, own: RingLayout, other: RingLayout, currentCore: () => number) {
    this.#words = words;
    this.#currentCore = currentCore;
    this.#ownAt = own.firstWord + CORE_WORD;
    this.#otherAt = other.firstWord + CORE_WORD;
  }

  /** If the other side has stored no core, the two count as apart: older releases store none, and they look, too. */
  areApart(): boolean {
    const own = this.#currentCore() + 1;
    if (own !== this.#own) this.#leave(own);
    this.wereApart = own === 0 || Atomics.load(this.#words, this.#otherAt) !== own;
    return this.wereApart;
  }

  #leave(own: number): void {
    this.#own = own;
    Atomics.store(this.#words, this.#ownAt, own);
  }
}

/** For a process that may use only one processor. The other side probably shares it, and could not run while this one looks. */
export const NEVER_APART: Whereabouts = { wereApart: false, areApart: () => false };

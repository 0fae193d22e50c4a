import type { Whereabouts } from '../waiting/lookout.js';
import { CORE_WORD, type RingLayout } from './layout.js';

/**
 * On which cores the two sides run. Each leaves its own in the ring that it writes, when it looks and when it goes to sleep. The other side's
 * word is a hint: a wrong one makes this side look for nothing, or sleep at once.
 */
export class Cores implements Whereabouts {
  wereApart = true;
  readonly #words: Int32Array;
  readonly #currentCore: () => number;
  readonly #ownAt: number;
  readonly #otherAt: number;
  /** What was left. */
  #own = 0;

  /** `currentCore` is the calling thread's, negative when that cannot be told. */
  constructor(words: Int32Array, own: RingLayout, other: RingLayout, currentCore: () => number) {
    this.#words = words;
    this.#currentCore = currentCore;
    this.#ownAt = own.firstWord + CORE_WORD;
    this.#otherAt = other.firstWord + CORE_WORD;
  }

  /** A side that has left nothing is taken to be elsewhere: releases that leave nothing look, too. */
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

/** For a process with one processor: nobody else runs while it looks. */
export const NEVER_APART: Whereabouts = { wereApart: false, areApart: () => false };

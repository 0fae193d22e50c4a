/** Two sides that sleep need about so long to be woken, one after the other, at worst: what a look would save. */
const WAKING_US = 150;
/** Of the waits before, each counts so much less than the one after it. */
const WEIGHT = 1 / 4;
/** A look must find something in more than half of all waits, or it costs more than it saves. */
const WORTHWHILE_SHARE = 0.6;
const MOST_VAIN_LOOKS = 10;

/**
 * Whether to look for a while before going to sleep, judged by how the last waits went. Pure.
 *
 * A wait without a look counts, too: what came so soon after its side had gone to sleep would have been found. So two sides
 * that sleep find their way back to looking, and a side that waits for a millisecond each time never looks. A look in vain counts
 * more than that: the next ones are left out, twice as many each time that it happens again, because what comes soon to a
 * sleeping side may need the core that a look would occupy.
 */
export class WaitPolicy {
  readonly #longestLookUs: number;
  /** Of the waits, how many looking ended, or would have ended; from 0 to 1. */
  #shortShare = 0.5;
  #vainLooks = 0;
  #looksToLeaveOut = 0;

  constructor(longestLookUs: number) {
    this.#longestLookUs = longestLookUs;
  }

  get isLookWorthwhile(): boolean {
    return this.#shortShare > WORTHWHILE_SHARE && this.#looksToLeaveOut === 0;
  }

  /** Something was there at the first glance. */
  foundAtOnce(): void {
    this.#learn(true);
  }

  found(lookedUs: number): void {
    this.#learn(lookedUs <= this.#longestLookUs);
    this.#vainLooks = 0;
  }

  lookedInVain(): void {
    this.#learn(false);
    this.#vainLooks = Math.min(this.#vainLooks + 1, MOST_VAIN_LOOKS);
    this.#looksToLeaveOut = 2 ** this.#vainLooks - 1;
  }

  /** This side slept without having looked, and has been woken. */
  slept(waitedUs: number): void {
    if (this.#looksToLeaveOut > 0) this.#looksToLeaveOut--;
    this.#learn(waitedUs <= this.#longestLookUs + WAKING_US);
  }

  #learn(wasShort: boolean): void {
    this.#shortShare += ((wasShort ? 1 : 0) - this.#shortShare) * WEIGHT;
  }
}

/** About how long it takes at worst to wake two sleeping sides, one after the other. A look saves this time. */
const WAKING_US = 150;
/** How much the latest wait counts, against all the waits before it. */
const WEIGHT = 1 / 4;
/** Looking pays only if it finds something in well over half of all waits. */
const WORTHWHILE_SHARE = 0.6;
const MOST_VAIN_LOOKS = 10;

/**
 * Decides whether to look for a while before going to sleep, from how recent waits went. Pure.
 *
 * A wait without a look counts, too: if it was short enough, a look would have found the message. So two sides that sleep can
 * go back to looking, and a side that waits for a millisecond each time never looks. A look in vain counts for more: the next
 * looks are skipped, about twice as many after each further one in vain. The other side may need the very core that a look
 * occupies, and then messages come soon only as long as this side sleeps.
 */
export class WaitPolicy {
  readonly #longestLookUs: number;
  /** The share of waits that a look ended, or would have ended; from 0 to 1. */
  #shortShare = 0.5;
  #vainLooks = 0;
  #looksToLeaveOut = 0;

  constructor(longestLookUs: number) {
    this.#longestLookUs = longestLookUs;
  }

  get isLookWorthwhile(): boolean {
    return this.#shortShare > WORTHWHILE_SHARE && this.#looksToLeaveOut === 0;
  }

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

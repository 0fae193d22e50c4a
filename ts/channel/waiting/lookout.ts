import { WaitPolicy } from './wait-policy.js';

/** A long glance takes a fraction of a microsecond. A short one costs less than reading the clock. */
const LONG_GLANCE = 256;
const SHORT_GLANCE = 32;
/** How long a look may keep this thread from everything else. */
const SLICE_MS = 0.02;

/** Where the two sides run. */
export interface Whereabouts {
  /** The last answer of areApart(). */
  readonly wereApart: boolean;
  /** Whether the two sides seem to run on different cores. On a shared core, a side that looks keeps the other from running. */
  areApart(): boolean;
}

/** Looks at the ring for a while, between finding nothing there and going to sleep. */
export class Lookout {
  readonly #glance: (looks: number) => boolean;
  readonly #whereabouts: Whereabouts;
  readonly #longestMs: number;
  readonly #policy: WaitPolicy;
  readonly #now: () => number;
  #began = 0;
  #isLooking = false;
  #isWaiting = false;
  /** Whether this side has stored its core during this wait. */
  #hasSaid = false;

  /** `glance` looks that many times and returns whether anything is there; `now` is in milliseconds. */
  constructor(
    glance: (looks: number) => boolean,
    whereabouts: Whereabouts,
    longestMs = SLICE_MS,
    now = () => performance.now(),
  ) {
    this.#glance = glance;
    this.#whereabouts = whereabouts;
    this.#longestMs = longestMs;
    this.#now = now;
    this.#policy = new WaitPolicy(1000 * longestMs);
  }

  /** Begins a wait: looks for one slice at most, if that is likely to pay. Returns whether something is there. */
  look(): boolean {
    const isWorthwhile = this.#policy.isLookWorthwhile;
    if (this.#glance(isWorthwhile && this.#whereabouts.wereApart ? LONG_GLANCE : SHORT_GLANCE)) {
      this.#policy.foundAtOnce();
      return true;
    }
    this.#isWaiting = true;
    this.#isLooking = isWorthwhile;
    this.#hasSaid = isWorthwhile;
    this.#began = this.#now();
    return this.lookOn();
  }

  /** Whether to continue looking, once the event loop has had its turn. */
  get goesOn(): boolean {
    return this.#isLooking && this.#now() - this.#began < this.#longestMs;
  }

  /** Continues to look, for one more slice of the same wait. */
  lookOn(): boolean {
    if (!this.#isLooking) return false;
    if (!this.#whereabouts.areApart()) {
      this.#isLooking = false;
      return false;
    }
    const end = this.#now() + SLICE_MS;
    do {
      if (this.#glance(LONG_GLANCE)) return this.#found();
    } while (this.#now() < end);
    return false;
  }

  /** Call this before going to sleep. If it has not looked, it stores its core now, when there is time for that. */
  giveUp(): void {
    if (!this.#hasSaid) this.#whereabouts.areApart();
    if (this.#isLooking) this.#policy.lookedInVain();
    this.#isWaiting &&= !this.#isLooking;
    this.#isLooking = false;
  }

  /** Call this when this side has been woken, at `nowMs`, and something is there. */
  onWoken(nowMs: number): void {
    if (this.#isWaiting) this.#policy.slept(1000 * (nowMs - this.#began));
    this.#isWaiting = false;
  }

  #found(): true {
    this.#policy.found(1000 * (this.#now() - this.#began));
    this.#isLooking = false;
    this.#isWaiting = false;
    return true;
  }
}

import { WaitPolicy } from './wait-policy.js';

/** A fraction of a microsecond, for what is about to come; less than reading the clock, where nothing is expected. */
const LONG_GLANCE = 256;
const SHORT_GLANCE = 32;
/** A look keeps this thread from everything else. */
const SLICE_MS = 0.02;

/** Where the two sides run. */
export interface Whereabouts {
  /** When this was last asked. */
  readonly wereApart: boolean;
  /** Whether each side has a core of its own, as far as can be told: looking keeps the other from a core that both share. */
  areApart(): boolean;
}

/** What one side does between finding nothing and going to sleep. */
export class Lookout {
  readonly #glance: (looks: number) => boolean;
  readonly #whereabouts: Whereabouts;
  readonly #longestMs: number;
  readonly #policy: WaitPolicy;
  readonly #now: () => number;
  #began = 0;
  #isLooking = false;
  #isWaiting = false;
  /** Where this side is, in this wait. */
  #hasSaid = false;

  /** `glance` looks so many times, and returns whether anything is there; `now` is in milliseconds. */
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

  /** Begins a wait: looks for some tens of microseconds at most, if that may be worth it. True when something is there. */
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

  /** Whether to look on, once the event loop has had its turn. */
  get goesOn(): boolean {
    return this.#isLooking && this.#now() - this.#began < this.#longestMs;
  }

  /** Looks as look() does, in the same wait. */
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

  /** This side goes to sleep: nothing has been found. It says where, because nothing hurries it now. */
  giveUp(): void {
    if (!this.#hasSaid) this.#whereabouts.areApart();
    if (this.#isLooking) this.#policy.lookedInVain();
    this.#isWaiting &&= !this.#isLooking;
    this.#isLooking = false;
  }

  /** This side has been woken at that time, and something is there. */
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

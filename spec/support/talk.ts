/** Two sides of a channel in a world of numbers: what their policies make of a talk, replayed message by message. */
import { WaitPolicy } from '#ts/channel/waiting/wait-policy.js';

export const LONGEST_LOOK_US = 100;

/** What the machine does to them. */
export interface Machine {
  /** From a message to a side that sleeps until it goes on. */
  wakingUs: number;
  /** Whether the other side runs while this one looks. */
  hasTwoCores: boolean;
}

/** One of the two, which waits, and answers what comes. */
export class Side {
  readonly policy = new WaitPolicy(LONGEST_LOOK_US);
  /** It has looked so long in all, and so often in vain. */
  lookedUs = 0;
  vainLooks = 0;
  waits = 0;
  /** Since when it waits. */
  readySince = 0;

  /** A message comes at that time. Returns when this side has noticed it. */
  receive(sentAt: number, { wakingUs, hasTwoCores }: Machine): number {
    this.waits++;
    const comesAfter = Math.max(0, sentAt - this.readySince);
    if (!this.policy.isLookWorthwhile) return this.#sleep(sentAt + wakingUs);
    if (hasTwoCores && comesAfter <= LONGEST_LOOK_US) return this.#find(comesAfter);
    this.policy.lookedInVain();
    this.lookedUs += LONGEST_LOOK_US;
    this.vainLooks++;
    return Math.max(sentAt, this.readySince + LONGEST_LOOK_US) + wakingUs;
  }

  #sleep(noticedAt: number): number {
    this.policy.slept(noticedAt - this.readySince);
    return noticedAt;
  }

  #find(comesAfter: number): number {
    this.policy.found(comesAfter);
    this.lookedUs += comesAfter;
    return this.readySince + comesAfter;
  }
}

/** Pings and pongs, each some time after what it answers. Returns how long each round trip took. */
export class Talk {
  readonly pinger = new Side();
  readonly ponger = new Side();
  readonly #machine: Machine;
  #now = 0;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** So many round trips, with pauses before each ping. */
  roundTrips(count: number, pauseUs: number, workUs = 0.3): number[] {
    return Array.from({ length: count }, () => this.#roundTrip(pauseUs, workUs));
  }

  #roundTrip(pauseUs: number, workUs: number): number {
    const sentAt = this.#now + pauseUs;
    const pinged = this.ponger.receive(sentAt, this.#machine);
    const answered = pinged + workUs;
    this.ponger.readySince = answered;
    const ponged = this.pinger.receive(answered, this.#machine);
    this.pinger.readySince = ponged + workUs;
    this.#now = ponged + workUs;
    return ponged - sentAt;
  }
}

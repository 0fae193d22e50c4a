/** A simulation of two sides of a channel: replays a talk message by message, and shows what their policies do. */
import { WaitPolicy } from '#ts/channel/waiting/wait-policy.js';

export const LONGEST_LOOK_US = 100;

/** How the machine delays the two sides. */
export interface Machine {
  /** How long a sleeping side takes to go on after a message has come. */
  wakingUs: number;
  /** Whether the other side can run while this one looks. */
  hasTwoCores: boolean;
}

/** One of the two sides, which waits for messages and answers them. */
export class Side {
  readonly policy = new WaitPolicy(LONGEST_LOOK_US);
  /** How long it has looked in all, and how often in vain. */
  lookedUs = 0;
  vainLooks = 0;
  waits = 0;
  /** The time at which its present wait began. */
  readySince = 0;

  /** A message comes at that time. Returns the time at which this side has noticed it. */
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

/** Plays pings and pongs, each some time after the message that it answers. Returns how long each round trip took. */
export class Talk {
  readonly pinger = new Side();
  readonly ponger = new Side();
  readonly #machine: Machine;
  #now = 0;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Plays `count` round trips, with a pause before each ping. */
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

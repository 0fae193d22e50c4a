/** The processes of a soak: starts, stops, kills and weighs them. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../spec/support/random.js';
import type { Arguments } from './arguments.js';
import type { Fault } from './faults.js';
import { Member } from './member.js';
import { within } from './within.js';

/** Longer than the longest work may take, so that the member itself first reports what hangs. */
const GRACE_MS = 15_000;
const LONGEST_STOP_MS = 3000;
const BETWEEN_MS = 3000;
const KILLS_IN_100 = 35;

export class Crew {
  /** All members, including those that have ended. */
  readonly everybody: Member[] = [];
  /** Rejects when one of them fails. */
  readonly failure: Promise<never>;
  kills = 0;
  stops = 0;
  readonly #random: Random;
  readonly #arguments: Arguments;
  readonly #fault: Fault | undefined;
  #members: Member[] = [];
  #reportFailure: (reason: Error) => void = () => undefined;

  constructor(random: Random, wanted: Arguments, fault: Fault | undefined) {
    this.#random = random;
    this.#arguments = wanted;
    this.#fault = fault;
    this.failure = new Promise((_, reject) => {
      this.#reportFailure = reject;
    });
    this.failure.catch(() => undefined);
  }

  /** The members that live now. */
  get members(): readonly Member[] {
    return this.#members;
  }

  async start(): Promise<void> {
    const names = Array.from({ length: this.#arguments.processes }, (_, at) => `process ${at}`);
    this.#members = await Promise.all(names.map((name) => this.#enlist(name)));
    await this.#introduce();
    await this.work();
  }

  async work(): Promise<void> {
    await this.#each('to begin', (member) => member.call('work'));
  }

  /** Stops and kills members now and then, for `ms` milliseconds. */
  async disturb(ms: number): Promise<void> {
    const end = performance.now() + ms;
    for (;;) {
      const left = end - performance.now();
      const until = 200 + this.#random.below(BETWEEN_MS);
      if (until > left) return pause(Math.max(left, 0));
      await pause(until);
      const at = this.#random.below(this.#members.length);
      if (at > 0 && this.#random.below(100) < KILLS_IN_100) await this.#replace(at);
      else await this.#stopFor(at, this.#random.below(Math.min(LONGEST_STOP_MS, Math.max(left - until, 1))));
    }
  }

  /** Waits until no member has work under way, then weighs each. */
  async rest(): Promise<void> {
    await this.#each('to come to rest', (member) => member.call('rest'));
    await this.#each('to be weighed', (member) => member.weigh());
  }

  /** Asks all members to end, and resolves to what was wrong with their ends. */
  async leave(): Promise<string[]> {
    const ends = await Promise.all(
      this.#members.map((member) => within(GRACE_MS, `${member.title}: to leave`, member.leave())),
    );
    return ends.filter((end) => end !== undefined);
  }

  /** The last resort: waits for nothing. */
  killAll(): void {
    for (const member of this.#members) void member.kill();
  }

  async #enlist(name: string): Promise<Member> {
    const member = new Member(name);
    this.everybody.push(member);
    void member.failure().then((reason) => {
      this.#reportFailure(new Error(reason));
    });
    await within(GRACE_MS, `${member.title}: to start`, member.ready());
    await member.call('begin', this.#random.below(2 ** 31), this.#arguments.patienceMs, this.#fault);
    return member;
  }

  async #introduce(): Promise<void> {
    const pids = this.#members.map(({ pid }) => pid);
    await this.#each('to meet the others', (member) => member.call('meet', pids));
  }

  async #replace(at: number): Promise<void> {
    const member = this.#members[at];
    if (!member) return;
    await member.kill();
    this.kills++;
    const successor = await this.#enlist(`${member.name.split(',')[0]}, successor ${this.kills}`);
    this.#members[at] = successor;
    await this.#introduce();
    await successor.call('work');
  }

  async #stopFor(at: number, ms: number): Promise<void> {
    const member = this.#members[at];
    if (!member) return;
    await member.stop();
    this.stops++;
    await pause(ms);
    member.resume();
  }

  async #each(what: string, action: (member: Member) => Promise<unknown>): Promise<void> {
    await Promise.all(this.#members.map((member) => this.#bounded(member, what, action(member))));
  }

  async #bounded(member: Member, what: string, action: Promise<unknown>): Promise<void> {
    try {
      await within(this.#arguments.patienceMs + GRACE_MS, `${member.title}: ${what}`, action);
    } catch (error) {
      const underWay = await within(1000, 'the question', member.call('underWay')).catch(() => [
        '(it does not answer)',
      ]);
      const reason = error instanceof Error ? error.message : String(error);
      const where = `under way there: ${underWay.join(', ')}\n${member.whereabouts()}`;
      throw new Error(`${reason}\n${where}`, { cause: error });
    }
  }
}

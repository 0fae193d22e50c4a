/** Programs on two hosts that hand memory to each other at random. After each step one of them has it, or it is said why not. */
import { VMO_DISOWN, VMO_GRANT_R, VMO_GRANT_W, VmoError } from 'vmoffer';
import { shuffle } from 'simple-statistics';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../../support/barriers.js';
import type { Random } from '../../support/random.js';
import type { Agents } from './agents.js';
import type { Program, Stage } from './programs.js';

const HOSTS = ['a', 'b'] as const;
const PROGRAMS_OF_HOST = 2;
const MAX_MEMORIES = 6;
const MIB = 1 << 20;
const MOST_MIB = 4;
const HAND_OFF = VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN;
const LEASE_MS = 1000;
/** Kills come at any moment of what is under way meanwhile. */
const LONGEST_MS = 40;
/** So many bytes are told apart: no memory has as many. */
const VERSION_BYTES = 16 * MIB;
/** What a claim may say where somebody is killed. The agent says so, or the program's connection to it, or the local offer has ended. */
const WHY_NOT = [
  'ERR_VMO_NOT_OFFERED',
  'ERR_VMO_PEER_GONE',
  'ERR_VMO_NO_PROCESS',
  'ERR_VMO_BUSY',
  'ERR_VMO_TOO_LATE',
  'ERR_VMO_NOT_OWNED',
  'ERR_VMO_SUPPLY',
];

type Host = (typeof HOSTS)[number];

/** A program of the run. One that is killed is replaced: what it had is gone. */
interface Actor {
  host: Host;
  program: Program;
}

/** Where a program has, or had, memory. */
interface Place {
  actor: Actor;
  region: number;
}

interface Standing {
  id: string;
  offer: number;
  to: Host;
}

interface Memory {
  name: number;
  byteLength: number;
  /** Which bytes it has now. */
  version: number;
  owner: Place;
  /** Those that have handed it off. */
  former: Place[];
  standing?: Standing;
}

type Outcome = { claimed: Place } | { cancelled: boolean } | { failed: string } | { killed: string };

export class OwnersRun {
  readonly #random: Random;
  readonly #stage: Stage;
  readonly #agents: Agents;
  readonly #sockets = new Map<Host, string>();
  readonly #actors: Actor[] = [];
  #memories: Memory[] = [];
  #last = 0;
  readonly history: string[] = [];
  /** How many hand-offs came about, so that a run in which none did is noticed. */
  handOffs = 0;

  constructor(random: Random, stage: Stage, agents: Agents) {
    this.#random = random;
    this.#stage = stage;
    this.#agents = agents;
  }

  async start(): Promise<void> {
    for (const host of HOSTS) await this.#startAgent(host);
    for (const host of HOSTS) for (let at = 0; at < PROGRAMS_OF_HOST; at++) await this.#startActor(host);
  }

  async step(): Promise<void> {
    await this.#choose();
    for (const memory of this.#memories) await this.#expectOneOwner(memory);
  }

  #choose(): Promise<void> {
    const standing = this.#memories.filter((memory) => memory.standing);
    const idle = this.#memories.filter((memory) => !memory.standing);
    const dice = this.#random.below(100);
    if (idle.length > 0 && dice < 35) return this.#offer(this.#random.pick(idle));
    if (standing.length > 0 && dice < 80) return this.#use(this.#random.pick(standing));
    if (this.#memories.length < MAX_MEMORIES && dice < 90) return this.#make();
    if (idle.length > 0 && dice < 94) return this.#write(this.#random.pick(idle));
    if (idle.length > 0 && dice < 98) return this.#share(this.#random.pick(idle));
    if (idle.length > 0) return this.#release(this.#random.pick(idle));
    return this.#make();
  }

  async #make(): Promise<void> {
    const actor = this.#random.pick(this.#actors);
    const byteLength = (1 + this.#random.below(MOST_MIB)) * MIB;
    const region = await actor.program.call('make', byteLength);
    const memory = { name: ++this.#last, byteLength, version: 0, owner: { actor, region }, former: [] };
    this.#memories.push(memory);
    await this.#write(memory);
    this.#note(memory, `made by ${actor.program.pid} on ${actor.host}`);
  }

  async #write(memory: Memory): Promise<void> {
    memory.version = ++this.#last;
    await memory.owner.actor.program.call('fill', memory.owner.region, memory.version * VERSION_BYTES);
    this.#note(memory, 'written');
  }

  async #release(memory: Memory): Promise<void> {
    await memory.owner.actor.program.call('releaseRegion', memory.owner.region);
    this.#forget(memory, 'released');
  }

  async #offer(memory: Memory): Promise<void> {
    memory.standing = await this.#offerTo(memory, HAND_OFF);
    this.#note(memory, `offered to ${memory.standing.to} as ${memory.standing.id}`);
  }

  async #offerTo({ owner }: Memory, flags: number): Promise<Standing> {
    const to = owner.actor.host === 'a' ? 'b' : 'a';
    const before = await this.#sentIds(owner.actor);
    const { handle } = await owner.actor.program.call('offer', owner.region, to, flags);
    const [id, ...others] = (await this.#sentIds(owner.actor)).filter((each) => !before.includes(each));
    if (id === undefined || others.length > 0) throw new Error('an offer has not one record');
    await this.#knows(this.#actorsOf(to), id);
    return { id, offer: handle, to };
  }

  async #sentIds({ program }: Actor): Promise<string[]> {
    return (await program.call('list')).filter(({ direction }) => direction === 'sent').map(({ id }) => id);
  }

  async #knows(actors: readonly Actor[], id: string): Promise<void> {
    for (const { program } of actors) {
      await until(`${program.pid} knows the offer ${id}`, () => program.call('knows', id));
    }
  }

  /** The other host reads it, and lets it go. */
  async #share(memory: Memory): Promise<void> {
    const { id, offer, to } = await this.#offerTo(memory, VMO_GRANT_R);
    const reader = this.#random.pick(this.#actorsOf(to));
    const claim = await reader.program.call('claim', id);
    const region = await reader.program.call('regionOf', claim);
    await this.#expectWhole(memory, { actor: reader, region });
    await reader.program.call('release', claim);
    await memory.owner.actor.program.call('released', offer);
    this.#note(memory, `read by ${reader.program.pid}`);
  }

  /** Claims it, cancels it, or several of that and a kill at once. */
  async #use(memory: Memory): Promise<void> {
    const { standing } = memory;
    if (!standing) return;
    const [first, second] = shuffle(this.#actorsOf(standing.to), () => this.#random.next());
    if (!first || !second) throw new Error('there are two programs on each host');
    const claim = (actor: Actor) => this.#claim(standing, actor);
    const cancel = () => this.#cancel(memory, standing);
    const dice = this.#random.below(100);
    const killed = dice < 60 ? undefined : this.#random.pick([memory.owner.actor, first, 'a', 'b'] as const);
    const actions = dice < 10 ? [cancel()] : [claim(first)];
    if (dice >= 10 && dice < 25) actions.push(cancel());
    if (dice >= 25 && dice < 40) actions.push(claim(second));
    if (killed) actions.push(this.#kill(killed));
    const outcomes = await Promise.all(actions);
    this.#note(memory, outcomes.map(describe).join(' ‖ '));
    await this.#replaceTheDead(killed, memory);
    await this.#settle(memory, standing, outcomes);
  }

  async #claim({ id }: Standing, actor: Actor): Promise<Outcome> {
    try {
      const claim = await actor.program.call('claim', id);
      return { claimed: { actor, region: await actor.program.call('regionOf', claim) } };
    } catch (error) {
      return failure(error);
    }
  }

  async #cancel({ owner }: Memory, { offer }: Standing): Promise<Outcome> {
    try {
      return { cancelled: await owner.actor.program.call('cancel', offer) };
    } catch (error) {
      return failure(error);
    }
  }

  async #kill(whom: Actor | Host): Promise<Outcome> {
    await pause(this.#random.below(LONGEST_MS));
    if (typeof whom === 'string') {
      await this.#agents.end(whom, 'SIGKILL');
      return { killed: `the agent of ${whom}` };
    }
    whom.program.kill('SIGKILL');
    await whom.program.ended;
    return { killed: `${whom.program.pid} on ${whom.host}` };
  }

  /** Who has the memory now. */
  async #settle(memory: Memory, standing: Standing, outcomes: readonly Outcome[]): Promise<void> {
    const isKill = outcomes.some((outcome) => 'killed' in outcome);
    const claimed = outcomes.flatMap((outcome) => ('claimed' in outcome ? [outcome.claimed] : []));
    const [place, ...others] = claimed.filter(({ actor }) => this.#actors.includes(actor));
    if (others.length > 0) throw new Error(`memory ${memory.name} was claimed twice`);
    const isCancelled = outcomes.some((outcome) => 'cancelled' in outcome && outcome.cancelled);
    if (isCancelled && claimed.length > 0) throw new Error(`memory ${memory.name} was claimed, and cancelled`);
    if (place) this.#handOver(memory, place);
    else if (isCancelled && this.#isAlive(memory.owner)) await this.#takeBack(memory, standing);
    else await this.#findOut(memory, standing, isKill);
  }

  #handOver(memory: Memory, place: Place): void {
    this.handOffs++;
    memory.former.push(memory.owner);
    memory.owner = place;
    delete memory.standing;
  }

  /** The offer was cancelled. The agent has the memory if a claimer had begun before. */
  async #takeBack(memory: Memory, { offer }: Standing): Promise<void> {
    const { actor, region } = memory.owner;
    delete memory.standing;
    if (!(await actor.program.call('isDisowned', region))) return;
    const claim = await actor.program.call('takeBack', offer);
    if (claim === undefined) throw new Error(`memory ${memory.name} was cancelled, and is nowhere`);
    memory.former.push(memory.owner);
    memory.owner = { actor, region: await actor.program.call('regionOf', claim) };
  }

  /** No claim has come about. Either the memory is to be had, or it was lost with somebody who was killed. */
  async #findOut(memory: Memory, standing: Standing, isKill: boolean): Promise<void> {
    let fate: 'had' | 'lost' | undefined;
    await until(`it is known who has memory ${memory.name}`, async () => {
      fate = await this.#fateOf(memory, standing);
      return fate !== undefined;
    });
    if (fate === 'had') return;
    if (!isKill) throw new Error(`memory ${memory.name} is lost, and nobody was killed`);
    this.#forget(memory, 'lost with whom was killed');
  }

  async #fateOf(memory: Memory, standing: Standing): Promise<'had' | 'lost' | undefined> {
    const { actor, region } = memory.owner;
    const isAlive = this.#isAlive(memory.owner);
    const state = isAlive ? await actor.program.call('stateOf', standing.offer) : undefined;
    if (isAlive && state !== 'pending' && !(await actor.program.call('isDisowned', region))) {
      delete memory.standing; // it has ended, unclaimed
      return 'had';
    }
    const isToBeHad = await this.#isListed(standing.to, standing.id);
    if (isToBeHad && (await this.#claimAgain(memory, standing))) return 'had';
    if (isToBeHad || state === 'pending') return undefined;
    const { host } = actor;
    return (await this.#isListed(host, standing.id)) ? undefined : 'lost';
  }

  async #isListed(host: Host, id: string): Promise<boolean> {
    const [any] = this.#actorsOf(host);
    return (await any?.program.call('list'))?.some((record) => record.id === id) ?? false;
  }

  async #claimAgain(memory: Memory, standing: Standing): Promise<boolean> {
    const actor = this.#random.pick(this.#actorsOf(standing.to));
    if (!(await actor.program.call('knows', standing.id))) return false;
    const outcome = await this.#claim(standing, actor);
    this.#note(memory, `again: ${describe(outcome)}`);
    if (!('claimed' in outcome)) return false;
    this.#handOver(memory, outcome.claimed);
    return true;
  }

  async #expectOneOwner(memory: Memory): Promise<void> {
    if (!memory.standing) await this.#expectWhole(memory, memory.owner);
    for (const { actor, region } of memory.former.filter((place) => this.#isAlive(place))) {
      const lack = await actor.program.call('lacks', region, memory.version * VERSION_BYTES);
      if (lack !== 'disowned')
        throw new Error(`memory ${memory.name} is ${actor.program.pid}'s, too: ${lack ?? 'whole'}`);
    }
  }

  async #expectWhole(memory: Memory, { actor, region }: Place): Promise<void> {
    const lack = await actor.program.call('lacks', region, memory.version * VERSION_BYTES);
    if (lack !== undefined) throw new Error(`memory ${memory.name} at ${actor.program.pid}: ${lack}`);
  }

  /** What a program had alone has ended with it. */
  async #replaceTheDead(killed: Actor | Host | undefined, used: Memory): Promise<void> {
    if (killed === undefined) return;
    if (typeof killed === 'string') {
      await this.#startAgent(killed);
      for (const { program } of this.#actorsOf(killed)) await this.#attach(program, killed);
      await this.#onAgentReplaced(killed, used);
      return;
    }
    this.#actors.splice(this.#actors.indexOf(killed), 1);
    await this.#startActor(killed.host);
    const isLost = (memory: Memory) => memory.owner.actor === killed && memory !== used;
    for (const memory of this.#memories.filter(isLost)) this.#forget(memory, 'lost with its owner');
  }

  /** The other offers of its host have ended; those to its host are learnt anew. */
  async #onAgentReplaced(host: Host, used: Memory): Promise<void> {
    for (const memory of this.#memories.filter((each) => each !== used)) {
      const { owner, standing } = memory;
      if (!standing) continue;
      if (standing.to === host) await this.#knows(this.#actorsOf(host), standing.id);
      else await this.#expectExpired(memory, owner.actor, standing);
    }
  }

  async #expectExpired(memory: Memory, { program }: Actor, { offer }: Standing): Promise<void> {
    await until(
      `the offer of memory ${memory.name} has ended`,
      async () => (await program.call('stateOf', offer)) === 'expired',
    );
    delete memory.standing;
  }

  async #startAgent(host: Host): Promise<void> {
    const options = { leaseMs: LEASE_MS };
    this.#sockets.set(host, await this.#agents.start(this.#stage.description(), host, { options }));
  }

  async #startActor(host: Host): Promise<void> {
    const program = await this.#stage.attach(this.#sockets.get(host) ?? '');
    await program.call('learnOffers');
    this.#actors.push({ host, program });
  }

  async #attach(program: Program, host: Host): Promise<void> {
    await program.call('attach', this.#sockets.get(host) ?? '');
    await program.call('learnOffers');
  }

  #actorsOf(host: Host): Actor[] {
    return this.#actors.filter((actor) => actor.host === host);
  }

  #isAlive({ actor }: Place): boolean {
    return this.#actors.includes(actor);
  }

  #forget(memory: Memory, why: string): void {
    this.#memories = this.#memories.filter((each) => each !== memory);
    this.#note(memory, why);
  }

  #note({ name }: Memory, what: string): void {
    this.history.push(`memory ${name}: ${what}`);
  }
}

function failure(error: unknown): Outcome {
  const code = error instanceof VmoError ? error.code : undefined;
  if (code !== undefined && WHY_NOT.includes(code)) return { failed: code };
  const { signalCode, message } = error as { signalCode?: string; message?: string };
  return { failed: signalCode ?? message ?? String(error) };
}

function describe(outcome: Outcome): string {
  if ('claimed' in outcome) return `claimed by ${outcome.claimed.actor.program.pid}`;
  if ('cancelled' in outcome) return `cancelled: ${outcome.cancelled}`;
  if ('failed' in outcome) return outcome.failed;
  return `killed: ${outcome.killed}`;
}

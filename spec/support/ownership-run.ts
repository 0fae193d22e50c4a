/** Three processes that do the actions of the ownership model to each other, several at a time. */
import { setTimeout as pause } from 'node:timers/promises';
import { VmoError, type ClaimOptions } from 'vmoffer';
import { until } from './barriers.js';
import { objectDescriptors } from './holders.js';
import { startObedient, type Obedient } from './obedient.js';
import { OwnershipChoices } from './ownership-choices.js';
import {
  apply,
  carve,
  emptyState,
  forget,
  isHeld,
  isSealed,
  isThere,
  leaveSealUnknown,
  sendMemory,
  stampsOf,
  turnsOutSealed,
  DROP_SHIFT,
  type Action,
  type ClaimAction,
  type Delay,
  type Part,
  type State,
} from './ownership-model.js';
import { Random } from './random.js';
import { withDescriptors } from './wrappers.js';

const PROCESSES = 3;
const HISTORY = 150;
const IMPATIENT_MS = 40;
const PEER_IS_GONE = ['ERR_VMO_PEER_GONE', 'ERR_VMO_NO_PROCESS', 'ERR_VMO_NOT_OFFERED'];

/** The outcome of an action whose process is killed. */
const GONE = 'gone';
const GONE_WITH_IT = 'gone with what it claimed';

/** Where the library has a thing of the model. */
interface Handle {
  process: number;
  handle: number;
  address: bigint;
}

/** So few that they are soon used up. */
const DESCRIPTORS = 512;

function startWithFewDescriptors(): Promise<Obedient> {
  return startObedient({ wrapper: withDescriptors(DESCRIPTORS) });
}

/** The processes. They outlive a run; one that a run has killed is started anew. */
export class OwnershipProcesses implements AsyncDisposable {
  readonly #processes: Obedient[] = [];

  async start(): Promise<void> {
    this.#processes.push(...(await Promise.all(Array.from({ length: PROCESSES }, () => startWithFewDescriptors()))));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#processes) await process[Symbol.asyncDispose]();
  }

  at(index: number): Obedient {
    const process = this.#processes[index];
    if (!process) throw new Error(`there is no process ${index}`);
    return process;
  }

  /** For after a failed run, which may have left anything behind. */
  async restartAll(): Promise<void> {
    for (const index of this.#processes.keys()) await this.restart(index);
  }

  async restart(index: number): Promise<void> {
    await this.at(index)[Symbol.asyncDispose]();
    this.#processes[index] = await startWithFewDescriptors();
  }

  /** Checks that a run has left nothing in any of them. */
  async expectEmpty(): Promise<void> {
    for (const { pid } of this.#processes) {
      await until(`process ${pid} holds no memory object`, () => objectDescriptors(pid) === 0);
    }
  }
}

export class OwnershipRun {
  state: State = emptyState();
  readonly #random: Random;
  readonly #choices: OwnershipChoices;
  readonly #processes: OwnershipProcesses;
  readonly #regions = new Map<number, Handle>();
  readonly #offers = new Map<number, Handle>();
  readonly #history: string[] = [];

  constructor(seed: number, processes: OwnershipProcesses) {
    this.#random = new Random(seed);
    this.#processes = processes;
    this.#choices = new OwnershipChoices(this.#random, PROCESSES);
  }

  /** The last actions, with their outcomes. */
  get history(): string {
    return this.#history.join('\n  ');
  }

  /** Does a few actions at once, and finds an order in which the model has the same outcomes. */
  async step(): Promise<void> {
    await this.#do(this.#choices.next(this.state));
  }

  /** Takes back every offer and releases every region, one after the other. */
  async end(): Promise<void> {
    await this.expectAllStamps();
    const isPending = ({ state }: { state: string }) => state === 'pending';
    const offers = [...this.state.offers].filter(([, offer]) => isPending(offer));
    for (const [offer] of offers) await this.#do([{ do: 'cancel', offer }]);
    for (const [region] of [...this.state.regions].filter(([, { isLive }]) => isLive)) {
      await this.#do([{ do: 'release', region }]);
    }
  }

  async #do(actions: readonly Action[]): Promise<void> {
    // Starving comes first, so that it is in force for the others.
    const starving = actions.filter((action) => action.do === 'starve');
    for (const action of starving) await this.#perform(action);
    const results = await Promise.all(
      actions.map((action) => (action.do === 'starve' ? Promise.resolve('ok') : this.#perform(action))),
    );
    await this.#feedTheStarved(actions);
    this.#note(actions, results);
    const vain = claimsInVain(actions, results).flatMap(({ offer }) => this.state.offers.get(offer) ?? []);
    this.state = await this.#whatHolds(this.#explain(actions, results));
    await this.#restartTheDead(actions);
    await this.#expectReleases(vain);
    await this.#expectSeals(actions, results);
    await this.#expectStamps(actions.length);
    forget(this.state);
  }

  #perform(action: Action): Promise<string> {
    return this.#attempt(action).catch((error: unknown) => {
      if (error instanceof VmoError) return error.code;
      return action.do === 'claim' ? this.#endingAfterDeath(action.offer) : GONE;
    });
  }

  /** A dead claimer cannot say whether it got the memory first. Its source can, unless that is dead, too. */
  async #endingAfterDeath(offer: number): Promise<string> {
    const { process, handle } = this.#at(this.#offers, offer);
    const ending = await this.#process(process)
      .call('claimed', handle)
      .catch(() => GONE);
    return ending === 'claimed' ? GONE_WITH_IT : GONE;
  }

  async #attempt(action: Action): Promise<string> {
    switch (action.do) {
      case 'allocate': {
        const process = this.#process(action.process);
        const { region, address } = await process.call('allocate', action.stamps.length);
        for (const [page, stamp] of action.stamps.entries()) await process.call('stamp', region, page, stamp);
        this.#regions.set(action.id, { process: action.process, handle: region, address });
        return 'ok';
      }
      case 'offer': {
        const { process, handle } = this.#at(this.#regions, action.region);
        const { pid } = this.#process(action.destination);
        const { first, count, flags } = action;
        const made = await this.#process(process).call('offerPages', pid, handle, first, count, flags);
        this.#offers.set(action.id, { process, handle: made.offer, address: made.address });
        return 'ok';
      }
      case 'claim': {
        const { offer, transfer, paging, immutable, delay } = action;
        const options = { transfer, paging, immutable };
        const claim = await (delay ? this.#claimHeldUp(offer, options, delay) : this.#claim(offer, options));
        this.#regions.set(action.id, {
          process: this.#destinationOf(offer),
          handle: claim.region,
          address: claim.address,
        });
        return claim.immutable ? 'claimed, immutable' : 'claimed';
      }
      case 'cancel': {
        const { process, handle } = this.#at(this.#offers, action.offer);
        return String(await this.#process(process).call('cancel', handle));
      }
      case 'stamp': {
        const { process, handle } = this.#at(this.#regions, action.region);
        await this.#process(process).call('stamp', handle, action.page, action.stamp);
        return 'ok';
      }
      case 'release': {
        const { process, handle } = this.#at(this.#regions, action.region);
        await this.#process(process).call('release', handle);
        return 'ok';
      }
      case 'kill':
        this.#process(action.process).kill('SIGKILL');
        await this.#process(action.process).ended;
        return 'ok';
      case 'pause':
        await pause(action.ms).then(stopped(this.#process(action.process)));
        return 'ok';
      case 'starve':
        await this.#process(action.process).call('leaveDescriptors', action.descriptors);
        return 'ok';
      case 'touch': {
        const { process, handle } = this.#at(this.#regions, action.region);
        await this.#process(process).call('touchTwice', handle);
        return 'ok';
      }
    }
  }

  #destinationOf(offer: number): number {
    return this.state.offers.get(offer)?.destination ?? 0;
  }

  #claim(offer: number, options: ClaimOptions) {
    const { process, address } = this.#at(this.#offers, offer);
    const claimer = this.#process(this.#destinationOf(offer));
    return claimer.call('claim', this.#process(process).pid, address, options);
  }

  /** The first attempt meets a side that is held up, and ends at its deadline. The next begins when that side goes on. */
  async #claimHeldUp(offer: number, options: ClaimOptions, { side, at }: Delay) {
    const index = side === 'source' ? this.#at(this.#offers, offer).process : this.#destinationOf(offer);
    const goOn = await this.#holdUp(this.#process(index), at);
    const attempt = this.#claim(offer, { ...options, timeoutMs: IMPATIENT_MS });
    // The thread that is held up may be the one that would see the deadline.
    await Promise.race([attempt.catch(() => undefined), pause(2 * IMPATIENT_MS)]);
    await goOn();
    return attempt.catch((error: unknown) => {
      if (error instanceof VmoError && error.code === 'ERR_VMO_TIMEOUT') return this.#claim(offer, options);
      throw error;
    });
  }

  /** Returns the function that lets it go on. */
  async #holdUp(process: Obedient, at: Delay['at']): Promise<() => Promise<unknown>> {
    if (at === 'anywhere') return stopped(process);
    const isParked = await process.call('park', at);
    return () => (isParked ? process.call('unpark', at).catch(() => undefined) : Promise.resolve());
  }

  #explain(actions: readonly Action[], results: readonly string[]): State[] {
    const states = this.#statesThatExplain(this.state, actions, results);
    if (states.length > 0) return states;
    // Memory may have been sent for a claim that then failed because another came first.
    const sent = claimsInVain(actions, results).flatMap(({ offer, transfer }) => {
      const state = structuredClone(this.state);
      sendMemory(state, offer, transfer);
      return this.#statesThatExplain(state, actions, results);
    });
    if (sent.length === 0) throw new Error('no order of what was done at once explains what came of it');
    return sent;
  }

  /** The states after every order in which the model has the same outcomes. Of states with the same offers, the first. */
  #statesThatExplain(before: State, actions: readonly Action[], results: readonly string[]): State[] {
    const states = new Map<string, State>();
    for (const order of permutationsOf(actions.map((_, at) => at))) {
      const state = structuredClone(before);
      const isExplained = order.every((at) => this.#agrees(state, actions, at, results[at] ?? ''));
      const offers = JSON.stringify([...state.offers].map(([id, { state: standing }]) => [id, standing]));
      if (isExplained && !states.has(offers)) states.set(offers, state);
    }
    return [...states.values()];
  }

  /** An offer whose destination dies while a rival takes the memory is expired or revoked, which tells what came first. */
  async #whatHolds([first, ...others]: State[]): Promise<State> {
    if (first === undefined || others.length === 0) return first ?? this.state;
    let held: State | undefined;
    await until('the offers are what one of the orders says', async () => {
      for (const state of [first, ...others]) if (await this.#hasOffersOf(state)) held = state;
      return held !== undefined;
    });
    return held ?? first;
  }

  async #hasOffersOf({ offers }: State): Promise<boolean> {
    for (const [id, { state }] of offers) {
      const { process, handle } = this.#at(this.#offers, id);
      if ((await this.#process(process).call('stateOf', handle)) !== state) return false;
    }
    return true;
  }

  #agrees(state: State, actions: readonly Action[], at: number, result: string): boolean {
    const action = actions[at];
    if (!action) return false;
    const before = structuredClone(state);
    const isOut = () => {
      Object.assign(state, before);
      return true;
    };
    // The region or the offer may have gone with its process.
    if (isOfTheDead(state, action)) return result === GONE || PEER_IS_GONE.includes(result);
    const expected = apply(state, action);
    if (expected === result) return true;
    // The cancel came while a claim was under way, which then failed.
    const isTooEarlyToCancel = () =>
      action.do === 'cancel' &&
      result === 'ERR_VMO_TOO_LATE' &&
      actions.some((other) => other.do === 'claim' && other.offer === action.offer);
    const isSomebodyDying = actions.some((other) => other.do === 'kill');
    if (result === 'ERR_VMO_TOO_MANY' && actions.some((other) => other.do === 'starve')) return isOut();
    // The source seals it a moment after the claim is made.
    if (action.do === 'claim' && expected === 'claimed, immutable' && result === 'claimed' && !action.immutable) {
      const isShare = (before.offers.get(action.offer)?.flags ?? 0) >> DROP_SHIFT === 0;
      if (isShare && !actions.some((other) => other.do === 'starve')) return true;
    }
    // The thread that seals may not have started, or found no descriptor.
    const isStarving = actions.some((other) => other.do === 'starve');
    if (action.do === 'claim' && isStarving && expected === 'claimed, immutable' && result === 'claimed') {
      return leaveSealUnknown(state, action.offer);
    }
    const isFoundSealed = expected === 'claimed' && result === 'claimed, immutable';
    if (action.do === 'claim' && isFoundSealed && turnsOutSealed(state, action.offer)) return true;
    if (action.do !== 'claim') return (result === GONE && isSomebodyDying) || (isTooEarlyToCancel() && isOut());
    // The source says that the offer was claimed; it may have been by a twin.
    const hasTwin = actions.some(
      (other, index) => index !== at && other.do === 'claim' && other.offer === action.offer,
    );
    if (result === GONE_WITH_IT) return expected.startsWith('claimed') || (hasTwin && isOut());
    if (result === GONE) return isOut();
    // A source that has died may not have come to seal what it dropped.
    if (isSomebodyDying && expected === 'claimed, immutable' && result === 'claimed') {
      return leaveSealUnknown(state, action.offer);
    }
    if (isSomebodyDying && PEER_IS_GONE.includes(result)) return isOut();
    // Another claim was under way, and had the memory exclusively for a moment.
    const hasRival = actions.some((other, index) => index !== at && (other.do === 'claim' || other.do === 'release'));
    return result === 'ERR_VMO_BUSY' && hasRival && isOut();
  }

  async #feedTheStarved(actions: readonly Action[]): Promise<void> {
    for (const action of actions) {
      if (action.do !== 'starve') continue;
      await this.#process(action.process)
        .call('freeDescriptors')
        .catch(() => undefined); // it has been killed meanwhile
    }
  }

  async #restartTheDead(actions: readonly Action[]): Promise<void> {
    for (const action of actions) {
      if (action.do !== 'kill') continue;
      await this.#processes.restart(action.process);
    }
    this.state.dead.clear();
  }

  /** Checks that each offer has the model's state, and that its memory is released once nobody has it. */
  async #expectReleases(vain: readonly Part[]): Promise<void> {
    for (const [id, { state }] of this.state.offers) {
      const { process, handle } = this.#at(this.#offers, id);
      const source = this.#process(process);
      await until(`offer ${id} is ${state}`, async () => (await source.call('stateOf', handle)) === state);
      if (state === 'pending') continue;
      if (!isHeld(this.state, id)) await source.call('released', handle);
      else if (await source.call('isReleased', handle)) this.#expectCarved(id, vain);
    }
  }

  /** A failed claim may have given its part an object of its own: the part's earlier object is then released. */
  #expectCarved(offer: number, vain: readonly Part[]): void {
    for (const part of vain) carve(this.state, part);
    if (isHeld(this.state, offer)) throw new Error(`the memory of offer ${offer} has been let go of too early`);
  }

  /** Who was told that a claim is not sealed yet may see that it is. */
  async #expectSeals(actions: readonly Action[], results: readonly string[]): Promise<void> {
    for (const [at, action] of actions.entries()) {
      if (action.do !== 'claim' || action.immutable || results[at] !== 'claimed') continue;
      const region = this.state.regions.get(action.id);
      if (!region || !isThere(region) || !isSealed(this.state, action.id)) continue;
      const { process, handle } = this.#at(this.#regions, action.id);
      await until(`claim ${action.id} is sealed`, () => this.#process(process).call('immutable', handle));
    }
  }

  async #expectStamps(howMany: number): Promise<void> {
    const regions = [...this.state.regions].filter(([, region]) => isThere(region));
    for (let turn = 0; turn < howMany && regions.length > 0; turn++) {
      const [id] = this.#random.pick(regions);
      await this.expectStampsOf(id);
    }
  }

  async expectStampsOf(id: number): Promise<void> {
    const { process, handle } = this.#at(this.#regions, id);
    const found = String(await this.#process(process).call('stamps', handle));
    const expected = String(stampsOf(this.state, id));
    if (found !== expected) throw new Error(`region ${id} has ${found}, and should have ${expected}`);
  }

  async expectAllStamps(): Promise<void> {
    for (const [id, region] of this.state.regions) if (isThere(region)) await this.expectStampsOf(id);
  }

  #note(actions: readonly Action[], results: readonly string[]): void {
    this.#history.push(actions.map((action, at) => `${JSON.stringify(action)} → ${results[at]}`).join(' ‖ '));
    if (this.#history.length > HISTORY) this.#history.shift();
  }

  #process(index: number): Obedient {
    return this.#processes.at(index);
  }

  #at(handles: Map<number, Handle>, id: number): Handle {
    const handle = handles.get(id);
    if (!handle) throw new Error(`there is no ${id} in the processes`);
    return handle;
  }
}

function stopped(process: Obedient): () => Promise<unknown> {
  process.kill('SIGSTOP');
  return () => {
    process.kill('SIGCONT');
    return Promise.resolve();
  };
}

function isOfTheDead(state: State, action: Action): boolean {
  if (action.do === 'allocate') return state.dead.has(action.process);
  if (action.do === 'claim' || action.do === 'cancel') return !state.offers.has(action.offer);
  return 'region' in action && !state.regions.has(action.region);
}

function claimsInVain(actions: readonly Action[], results: readonly string[]) {
  return actions.filter(
    (action, at) => action.do === 'claim' && results[at]?.startsWith('claimed') === false,
  ) as ClaimAction[];
}

function permutationsOf(items: readonly number[]): number[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item) =>
    permutationsOf(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
}

/** Chooses at random what the processes of an ownership run do next. */
import { VMO_DISOWN, VMO_DROP_R, VMO_DROP_W, VMO_GRANT_R, VMO_GRANT_W } from 'vmoffer';
import { stepsOfClaim } from './claim-steps.js';
import { isOfferedBySole, isThere, type Action, type Delay, type State } from './ownership-model.js';
import type { Random } from './random.js';

const MAX_REGIONS = 9;
const MAX_PAGES = 4;
const KILLS_IN_1000 = 5;
const PAUSES_IN_1000 = 20;
const STARVATIONS_IN_1000 = 20;
const MOST_DESCRIPTORS_LEFT = 12;
const LONGEST_PAUSE_MS = 30;
const DELAYED_CLAIMS_IN_1000 = 80;
const STOPPED_CLAIMS_IN_1000 = 300; // of the delayed ones
const R = VMO_GRANT_R;
const RW = VMO_GRANT_R | VMO_GRANT_W;
const FLAGS = [R, RW, R | VMO_DROP_W, RW | VMO_DROP_W, R | VMO_DISOWN, RW | VMO_DISOWN, RW | VMO_DISOWN];

export class OwnershipChoices {
  readonly #random: Random;
  readonly #processCount: number;
  #lastId = 0;
  #lastStamp = 0;

  constructor(random: Random, processCount: number) {
    this.#random = random;
    this.#processCount = processCount;
  }

  /** Up to three actions to do at once, whose outcomes tell in which order they happened. */
  next(state: State): Action[] {
    const actions = Array.from({ length: 1 + this.#random.below(3) }, () => this.#choose(state)).filter(
      (a) => a !== undefined,
    );
    // At most one process dies at a time, so that the outcomes of the others can be explained by its death.
    const kills = actions.filter((action) => action.do === 'kill');
    if (kills.length > 1) return kills.slice(0, 1);
    // Their outcomes do not tell whether a write came before a claim, a death or another write.
    const isUntold = actions.some((action) => action.do === 'claim' || action.do === 'kill');
    const onlyStamp = isUntold ? undefined : actions.find((action) => action.do === 'stamp');
    return actions.filter((action, at) =>
      action.do === 'stamp'
        ? action === onlyStamp
        : !isTouchedMeanwhile(state, action, actions) &&
          !isTakenForAnother(state, action, actions) &&
          !crosses(state, action, actions.slice(0, at)),
    );
  }

  #choose(state: State): Action | undefined {
    const regions = [...state.regions].filter(([, region]) => isThere(region));
    const pending = [...state.offers].filter(([, offer]) => offer.state === 'pending');
    const dice = this.#random.below(1000);
    if (dice < KILLS_IN_1000) return { do: 'kill', process: this.#random.below(this.#processCount) };
    if (dice < KILLS_IN_1000 + PAUSES_IN_1000) return this.#pause();
    if (dice < KILLS_IN_1000 + PAUSES_IN_1000 + STARVATIONS_IN_1000) return this.#starvation();
    if (regions.length === 0 || (dice < 200 && regions.length < MAX_REGIONS)) return this.#allocation();
    const [region, { pages }] = this.#random.pick(regions);
    if (dice < 200 + 20 * regions.length) return { do: 'release', region };
    if (dice < 500 || pending.length === 0) return this.#newOffer(region, pages.length);
    if (dice < 950) return this.#useOf(state, this.#random.pick(pending)[0]);
    if (dice < 970) return { do: 'touch', region };
    return { do: 'stamp', region, page: this.#random.below(pages.length), stamp: ++this.#lastStamp };
  }

  #starvation(): Action {
    const descriptors = this.#random.below(MOST_DESCRIPTORS_LEFT + 1);
    return { do: 'starve', process: this.#random.below(this.#processCount), descriptors };
  }

  #pause(): Action {
    return { do: 'pause', process: this.#random.below(this.#processCount), ms: this.#random.below(LONGEST_PAUSE_MS) };
  }

  #allocation(): Action {
    const stamps = Array.from({ length: 1 + this.#random.below(MAX_PAGES) }, () => ++this.#lastStamp);
    return { do: 'allocate', id: ++this.#lastId, process: this.#random.below(this.#processCount), stamps };
  }

  #newOffer(region: number, pageCount: number): Action {
    const isPart = this.#random.below(3) === 0;
    const first = isPart ? this.#random.below(pageCount) : 0;
    const count = isPart ? 1 + this.#random.below(pageCount - first) : pageCount;
    const destination = this.#random.below(this.#processCount);
    return { do: 'offer', id: ++this.#lastId, region, first, count, flags: this.#random.pick(FLAGS), destination };
  }

  #useOf(state: State, offer: number): Action {
    if (this.#random.below(8) === 0) return { do: 'cancel', offer };
    const transfer = this.#random.below(5) === 0 ? 'pull' : 'map';
    // A lazy pull of shared memory copies a page when it is touched. The model has no such moments.
    const isDisowned = ((state.offers.get(offer)?.flags ?? 0) & VMO_DROP_R) !== 0;
    const isLazy = transfer === 'map' || (isDisowned && isOfferedBySole(state, offer));
    const delay = this.#random.below(1000) < DELAYED_CLAIMS_IN_1000 ? this.#delay() : undefined;
    return {
      do: 'claim',
      id: ++this.#lastId,
      offer,
      transfer,
      paging: isLazy ? 'auto' : 'eager',
      immutable: this.#random.below(2) === 0,
      ...(delay && { delay }),
    };
  }

  #delay(): Delay {
    if (this.#random.below(1000) < STOPPED_CLAIMS_IN_1000) return { side: 'source', at: 'anywhere' };
    const { side, checkpoint } = this.#random.pick(stepsOfClaim({ isPart: true }));
    return { side, at: checkpoint };
  }
}

/** Whether one of two claims drops a right that the other grants: if both began before the drop, both succeed. */
function crosses(state: State, action: Action, others: readonly Action[]): boolean {
  const offerOf = (each: Action) => (each.do === 'claim' ? state.offers.get(each.offer) : undefined);
  const claimed = offerOf(action);
  return others.map(offerOf).some((other) => {
    if (claimed === undefined || other === undefined || claimed === other) return false;
    const drops = claimed.flags | other.flags;
    return claimed.region === other.region && (drops & VMO_DROP_W) !== 0 && (drops & VMO_DROP_R) === 0;
  });
}

/** Whether an offer is made at the address that another claims or cancels: they could find this offer instead of theirs. */
function isTakenForAnother(state: State, action: Action, actions: readonly Action[]): boolean {
  if (action.do !== 'offer') return false;
  return actions.some((other) => {
    const meant = other.do === 'claim' || other.do === 'cancel' ? state.offers.get(other.offer) : undefined;
    return meant?.region === action.region && meant.first === action.first && meant.destination === action.destination;
  });
}

/** Whether another action may end the region that this one touches: nothing tells the touching threads to stop. */
function isTouchedMeanwhile(state: State, action: Action, actions: readonly Action[]): boolean {
  if (action.do !== 'touch') return false;
  const { process } = state.regions.get(action.region) ?? {};
  return actions.some((other) => {
    if (other.do === 'kill') return other.process === process;
    if (other.do === 'claim') return state.offers.get(other.offer)?.region === action.region;
    return other.do === 'release' && other.region === action.region;
  });
}

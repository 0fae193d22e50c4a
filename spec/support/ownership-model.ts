/**
 * Who owns what, as plain data, without a process: the outcome that the library must reach, however it is built. `apply` does one
 * action, as if nothing else went on, and says how it must end. `structuredClone` copies a state.
 */
import { VMO_GRANT_R, VMO_GRANT_W, VMO_GRANTALL } from 'vmoffer';
import type { Checkpoint } from './probe.js';

export const DROP_SHIFT = 3;
const ALL = VMO_GRANTALL;

interface ObjectState {
  stamps: number[];
  isPrivate: boolean;
  mayBeSealed: boolean;
  isSealed: boolean;
  /** Its source may have sealed it, or not have come to that. The next claim shows. */
  isSealUnknown: boolean;
}

/** An object, or a private copy of one, as one process has it. */
interface Holding {
  process: number;
  object: number;
  /** The holding that it was claimed from. */
  parent: number | undefined;
  /** True if only this process, and those it lends the memory to, have it. */
  isSole: boolean;
  mayWriteObject: boolean;
}

interface Page {
  holding: number | undefined;
  at: number;
  rights: number;
  own: number | undefined;
}

interface RegionState {
  process: number;
  isLive: boolean;
  pages: Page[];
}

/** A range of pages of a region. */
export interface Part {
  region: number;
  first: number;
  count: number;
}

interface OfferState extends Part {
  process: number;
  flags: number;
  destination: number;
  state: 'pending' | 'claimed' | 'cancelled' | 'revoked' | 'expired';
  /** The holding that its claimer got. */
  child?: number;
}

type Paging = 'auto' | 'eager';

export interface State {
  objects: Map<number, ObjectState>;
  holdings: Map<number, Holding>;
  regions: Map<number, RegionState>;
  offers: Map<number, OfferState>;
  /** Processes that have been killed and not yet replaced. */
  dead: Set<number>;
  lastId: number;
}

/**
 * Holds up a claim for longer than its first deadline: one side is parked at a checkpoint, or stopped. The claimer asks again
 * until it is answered, and the outcome must be the same.
 */
export interface Delay {
  side: 'source' | 'claimer';
  at: Checkpoint | 'anywhere';
}

/** `id` names the region or the offer that the action makes. */
export type Action =
  | { do: 'allocate'; id: number; process: number; stamps: number[] }
  | { do: 'offer'; id: number; region: number; first: number; count: number; flags: number; destination: number }
  | {
      do: 'claim';
      id: number;
      offer: number;
      transfer: 'map' | 'pull';
      paging: Paging;
      /** For an offer that only shares: whether the claim waits until the source has sealed the memory. */
      immutable: boolean;
      delay?: Delay;
    }
  | { do: 'cancel'; offer: number }
  | { do: 'stamp'; region: number; page: number; stamp: number }
  | { do: 'release'; region: number }
  | { do: 'kill'; process: number }
  /** The process is stopped, and continued later. */
  | { do: 'pause'; process: number; ms: number }
  /** While the other actions last, the process may open only this many more descriptors. */
  | { do: 'starve'; process: number; descriptors: number }
  /** Two threads touch every page. */
  | { do: 'touch'; region: number };

export type ClaimAction = Extract<Action, { do: 'claim' }>;

export function emptyState(): State {
  return { objects: new Map(), holdings: new Map(), regions: new Map(), offers: new Map(), dead: new Set(), lastId: 0 };
}

export function apply(state: State, action: Action): string {
  switch (action.do) {
    case 'allocate':
      return allocate(state, action);
    case 'offer':
      return offer(state, action);
    case 'claim':
      return claim(state, action);
    case 'cancel':
      return cancel(state, action.offer);
    case 'stamp':
      return stamp(state, action);
    case 'release':
      return release(state, action.region);
    case 'kill':
      return kill(state, action.process);
    case 'pause':
    case 'starve':
      return 'ok';
    case 'touch':
      return touch(state, action.region);
  }
}

/** The stamp that a process reads on each page of a region. */
export function stampsOf(state: State, region: number): number[] {
  return get(state.regions, region).pages.map(({ holding, at, own }) => own ?? stampAt(state, holding, at));
}

/** Whether a region that nobody has divided is of memory that nobody can change. */
export function isSealed(state: State, region: number): boolean {
  const [first] = get(state.regions, region).pages;
  return first?.holding !== undefined && objectOf(state, first.holding).isSealed;
}

/** Whether a region can still be read: it is not released, and not wholly gone. */
export function isThere({ isLive, pages }: RegionState): boolean {
  return isLive && pages.some(({ holding }) => holding !== undefined);
}

/** Whether the process that got the memory by this offer, or one that it was passed on to, still has it. */
export function isHeld(state: State, offerId: number): boolean {
  const { child } = get(state.offers, offerId);
  return child !== undefined && state.holdings.has(child) && isInUse(state, child);
}

/** Whether only the source, and processes to which it has lent the memory, have the offered memory. */
export function isOfferedBySole(state: State, offerId: number): boolean {
  const { region, first, count } = get(state.offers, offerId);
  const pages = get(state.regions, region).pages.slice(first, first + count);
  return pages.every(({ holding }) => holding !== undefined && get(state.holdings, holding).isSole);
}

function allocate(state: State, { id, process, stamps }: Extract<Action, { do: 'allocate' }>): string {
  const holding = newHolding(state, process, { stamps, isPrivate: false });
  addRegion(state, id, process, holding, stamps.length, ALL & ~4);
  return 'ok';
}

function offer(state: State, action: Extract<Action, { do: 'offer' }>): string {
  const { id, region, first, count, flags, destination } = action;
  const { process, isLive, pages: all } = get(state.regions, region);
  if (!isLive) return 'ERR_VMO_INVALID_ARGUMENT';
  const pages = all.slice(first, first + count);
  if (pages.some(({ holding }) => holding === undefined)) return 'ERR_VMO_NOT_OWNED';
  if (!mayGrant(flags, pages)) return 'ERR_VMO_NOT_PERMITTED';
  if (state.dead.has(destination)) return 'ERR_VMO_NO_PROCESS';
  const isSame = (other: OfferState) =>
    other.state === 'pending' && other.region === region && other.first === first && other.destination === destination;
  if ([...state.offers.values()].some(isSame)) return 'ERR_VMO_BUSY';
  state.offers.set(id, { process, region, first, count, flags, destination, state: 'pending' });
  return 'ok';
}

function claim(state: State, { id, offer: offerId, transfer }: ClaimAction): string {
  const sent = sendMemory(state, offerId, transfer);
  if (typeof sent === 'string') return sent;
  const { taken, pages, from } = sent;
  const { count, flags, destination } = taken;
  const dropped = flags >> DROP_SHIFT;
  const isDisowned = (dropped & VMO_GRANT_R) !== 0;
  const { object, isSole } = get(state.holdings, from);
  const facts = get(state.objects, object);
  const isMapped = transfer === 'map';
  const writes = (flags & VMO_GRANT_W) !== 0;
  // A copy belongs to the process that made it.
  const child = isMapped
    ? addHolding(state, {
        process: destination,
        object,
        parent: from,
        isSole: isDisowned && isSole,
        mayWriteObject: writes,
      })
    : newHolding(state, destination, { stamps: [...facts.stamps], isPrivate: true }, from);
  addRegion(state, id, destination, child, count, flags & ALL);
  taken.state = 'claimed';
  taken.child = child;
  drop(state, taken, dropped, pages, isDisowned);
  const isSourceWriting = pages.some(({ holding, rights }) => holding !== undefined && (rights & VMO_GRANT_W) !== 0);
  const isClaimerWriting = isMapped ? writes : isDisowned;
  if (!isSourceWriting && !isClaimerWriting && facts.mayBeSealed) {
    facts.isSealed ||= get(state.holdings, from).mayWriteObject;
  }
  return isMapped && facts.isSealed ? 'claimed, immutable' : 'claimed';
}

/**
 * What a source does before it learns that the claimer has the memory. It stays done even if the claim fails: a part has an
 * object of its own, and an object that was sent for writing can no longer be sealed.
 */
export function sendMemory(state: State, offerId: number, transfer: ClaimAction['transfer']) {
  const taken = state.offers.get(offerId);
  if (taken?.state !== 'pending') return 'ERR_VMO_NOT_OFFERED';
  const { region, first, count, flags } = taken;
  const isDisowned = ((flags >> DROP_SHIFT) & VMO_GRANT_R) !== 0;
  const pages = get(state.regions, region).pages.slice(first, first + count);
  const isWhole = hasObjectToItself(state, pages);
  if (!isWhole && pages.some(({ holding }) => !isAlone(state, holding))) return 'ERR_VMO_BUSY';
  if (!isWhole) separate(state, pages);
  const from = pages[0]?.holding ?? 0;
  if (isDisowned && isLent(state, from)) return 'ERR_VMO_BUSY';
  if (transfer === 'map' && (flags & VMO_GRANT_W) !== 0 && !isDisowned) objectOf(state, from).mayBeSealed = false;
  return { taken, pages, from };
}

/** Gives a part an object of its own, if it has none and may have one. */
export function carve(state: State, { region, first, count }: Part): void {
  const pages = state.regions.get(region)?.pages.slice(first, first + count) ?? [];
  if (!hasObjectToItself(state, pages) && pages.every(({ holding }) => isAlone(state, holding))) separate(state, pages);
}

/** For a claim whose source may not have been able to seal memory that nobody may write any more. A later claim may seal it. */
export function leaveSealUnknown(state: State, offerId: number): boolean {
  const { child } = get(state.offers, offerId);
  if (child !== undefined) Object.assign(objectOf(state, child), { isSealed: false, isSealUnknown: true });
  return true;
}

/** For a claim that found its memory sealed. False if that cannot be. */
export function turnsOutSealed(state: State, offerId: number): boolean {
  const { child } = get(state.offers, offerId);
  if (child === undefined || !objectOf(state, child).isSealUnknown) return false;
  Object.assign(objectOf(state, child), { isSealed: true, isSealUnknown: false });
  return true;
}

/** Takes the dropped rights from the source, and with them the offers that would have granted them. */
function drop(state: State, { region, first, count }: OfferState, dropped: number, pages: Page[], isDisowned: boolean) {
  for (const page of pages) {
    page.rights &= ~dropped;
    if (isDisowned) Object.assign(page, { holding: undefined, own: undefined, rights: 0 });
  }
  for (const other of state.offers.values()) {
    const overlaps = other.region === region && other.first < first + count && first < other.first + other.count;
    if (other.state === 'pending' && overlaps && (other.flags & dropped & ALL) !== 0) other.state = 'revoked';
  }
}

function cancel(state: State, offerId: number): string {
  const cancelled = state.offers.get(offerId);
  if (cancelled?.state === 'claimed') return 'ERR_VMO_TOO_LATE';
  if (cancelled?.state !== 'pending') return 'false';
  cancelled.state = 'cancelled';
  return 'true';
}

function stamp(state: State, { region, page, stamp: value }: Extract<Action, { do: 'stamp' }>): string {
  const there = get(state.regions, region);
  if (!there.isLive) return 'ERR_VMO_INVALID_ARGUMENT';
  if (!isThere(there)) return 'ERR_VMO_NOT_OWNED';
  const written = there.pages[page];
  if (!written) throw new Error('no such page');
  const object = written.holding === undefined ? undefined : objectOf(state, written.holding);
  const isShared = object && (object.isPrivate || (written.rights & VMO_GRANT_W) !== 0);
  if (isShared) object.stamps[written.at] = value;
  else written.own = value;
  return 'ok';
}

function touch(state: State, id: number): string {
  const region = get(state.regions, id);
  if (!region.isLive) return 'ERR_VMO_INVALID_ARGUMENT';
  return isThere(region) ? 'ok' : 'ERR_VMO_NOT_OWNED';
}

/** Offers outlive their region; a private copy does not. */
function release(state: State, id: number): string {
  const region = get(state.regions, id);
  region.isLive = false;
  if (!isOffered(state, id)) return 'ok';
  const isCopied = ({ holding }: Page) => holding !== undefined && objectOf(state, holding).isPrivate;
  for (let at = 0; at < region.pages.length; at++) {
    const rest = region.pages.slice(at);
    const end = rest.findIndex((page) => !isCopied(page));
    const copied = end < 0 ? rest : rest.slice(0, end);
    if (copied.length > 0) separate(state, copied);
  }
  return 'ok';
}

function kill(state: State, process: number): string {
  state.dead.add(process);
  for (const [id, { process: source, destination, state: standing }] of state.offers) {
    if (source === process) state.offers.delete(id);
    else if (destination === process && standing === 'pending') get(state.offers, id).state = 'expired';
  }
  for (const [id, region] of state.regions) if (region.process === process) state.regions.delete(id);
  return 'ok';
}

function mayGrant(flags: number, pages: Page[]): boolean {
  const held = pages.reduce((rights, page) => rights & page.rights, ALL);
  const readable = (held & VMO_GRANT_W) !== 0 ? held | VMO_GRANT_R : held;
  return (flags & ALL & ~readable) === 0;
}

function hasObjectToItself(state: State, pages: Page[]): boolean {
  const [first] = pages;
  if (first?.holding === undefined) return false;
  const { stamps, isPrivate } = objectOf(state, first.holding);
  return (
    !isPrivate &&
    stamps.length === pages.length &&
    pages.every(({ holding, at }, index) => holding === first.holding && at === index)
  );
}

/** Whether no other process has the memory, neither from this one nor from the source of both. */
function isAlone(state: State, holding: number | undefined): boolean {
  return holding !== undefined && get(state.holdings, holding).isSole && !isLent(state, holding);
}

/** Gives the part an object of its own, because a memory object cannot be passed in part. */
function separate(state: State, pages: Page[]): void {
  const { process } = get(state.holdings, pages[0]?.holding ?? 0);
  const stamps = pages.map(({ holding, at }) => stampAt(state, holding, at));
  const holding = newHolding(state, process, { stamps, isPrivate: false });
  for (const [at, page] of pages.entries()) Object.assign(page, { holding, at });
}

function isLent(state: State, holding: number): boolean {
  return [...state.holdings].some(([id, { parent }]) => parent === holding && isInUse(state, id));
}

/** Whether a region or an offer of its process uses the holding, or a process that it was passed on to does. */
function isInUse(state: State, id: number): boolean {
  if (isKept(state, id)) return true;
  if (get(state.holdings, id).isSole) return false;
  return [...state.holdings].some(
    ([child, { parent }]) => parent === id && !objectOf(state, child).isPrivate && isInUse(state, child),
  );
}

function isKept(state: State, id: number): boolean {
  return [...state.regions].some(
    ([region, { isLive, pages }]) =>
      pages.some(({ holding }) => holding === id) && (isLive || isOffered(state, region)),
  );
}

function isOffered(state: State, region: number): boolean {
  return [...state.offers.values()].some((each) => each.region === region && each.state === 'pending');
}

function addRegion(state: State, id: number, process: number, holding: number, count: number, rights: number): void {
  const pages = Array.from({ length: count }, (_, at) => ({ holding, at, rights, own: undefined }));
  state.regions.set(id, { process, isLive: true, pages });
}

function newHolding(
  state: State,
  process: number,
  memory: { stamps: number[]; isPrivate: boolean },
  parent?: number,
): number {
  const object = ++state.lastId;
  state.objects.set(object, { ...memory, mayBeSealed: true, isSealed: false, isSealUnknown: false });
  return addHolding(state, { process, object, parent, isSole: true, mayWriteObject: true });
}

function addHolding(state: State, holding: Holding): number {
  const id = ++state.lastId;
  state.holdings.set(id, holding);
  return id;
}

function objectOf(state: State, holding: number): ObjectState {
  return get(state.objects, get(state.holdings, holding).object);
}

function stampAt(state: State, holding: number | undefined, at: number): number {
  return holding === undefined ? 0 : (objectOf(state, holding).stamps[at] ?? -1);
}

/** Drops everything that can no longer change an outcome. */
export function forget(state: State): void {
  for (const [id, region] of state.regions) {
    if (!region.isLive && !isOffered(state, id)) state.regions.delete(id);
  }
  for (const [id, { state: standing }] of state.offers) {
    if (standing !== 'pending' && !isHeld(state, id)) state.offers.delete(id);
  }
  for (const id of [...state.holdings.keys()].reverse()) {
    const hasChild = [...state.holdings.values()].some(({ parent }) => parent === id);
    const isAwaited = [...state.offers.values()].some(({ child }) => child === id);
    if (!hasChild && !isAwaited && !isInUse(state, id)) state.holdings.delete(id);
  }
  const used = new Set([...state.holdings.values()].map(({ object }) => object));
  for (const id of state.objects.keys()) if (!used.has(id)) state.objects.delete(id);
}

function get<V>(map: Map<number, V>, id: number): V {
  const value = map.get(id);
  if (value === undefined) throw new Error(`the model has no ${id}`);
  return value;
}

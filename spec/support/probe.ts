/** The test-only addon `probe` (fixtures/probe), with its types. Loaded in the place of the addon by VMOFFER_ADDON=probe. */
import { addon } from '#ts/load-addon.js';
import type { OfferKind } from 'vmoffer';
import type { PagingCounts } from './paging-counts.js';

export interface PageSpan {
  first: number;
  count: number;
}

export interface WindowPlan {
  /** The first holds the touched page. */
  parts: PageSpan[];
  isSequential: boolean;
}

export interface FaultWindow {
  /** For a fault at that byte. */
  plan(byteOffset: number): WindowPlan;
  /** These pages are there from now on. */
  install(first: number, count: number): void;
}

export interface ReadAhead {
  /** The window of a run is being installed for the touched page. True when there is something to take now. */
  begin(first: number, count: number, touched: number): boolean;
  /** The window to install besides the page, which may be empty; null when no reader that is followed can be there. */
  onFault(page: number): PageSpan | null;
  /** What the helper installs next. */
  take(maxPages: number): PageSpan | null;
  giveUp(first: number, count: number): void;
  readonly hasOrders: boolean;
  readonly hits: number;
  readonly waste: number;
}

export interface Placement {
  /** Where to be from now on, after a fault from that core (below 0: nobody knows); -1 is anywhere. */
  afterFault(core: number): number;
  refuse(core: number): void;
}

export type Verdict = 'yes' | 'process has its share' | 'user has its share' | 'nothing left';

/** One that takes something limited; `process` 0: it is not told from others of its user. */
export interface Sharer {
  process: number;
  user: number;
  isOwnUser: boolean;
}

export interface Shares {
  mayTake(sharer: Sharer, count: number, whole: number): Verdict;
  take(sharer: Sharer, count: number): void;
  giveBack(sharer: Sharer, count: number): void;
  ofAll(): number;
}

export interface Room {
  verdict: Verdict;
  ofProcess: number;
  lowestFree: number;
  limit: number;
  hasOnlySpares: boolean;
  briefConnections: number;
  offersToIt: number;
}

export interface EngineError {
  /** The number of `Code` in engine/base/status.h. */
  code: number;
  message: string;
}

export interface WireOfferLine {
  offerId: bigint;
  address: bigint;
  byteLength: bigint;
  flags: number;
}

export interface WireTerms extends WireOfferLine {
  objectOffset: bigint;
}

export interface WireHeldLine extends Record<keyof PagingCounts, bigint> {
  number: bigint;
  address: bigint;
  byteLength: bigint;
  sourcePid: bigint;
  flags: number;
  transfer: 'map' | 'pull';
  paging: 'userfault' | 'kernel' | 'eager';
  faultNsP50: bigint;
  faultNsP99: bigint;
  residentPages: bigint;
  pagesLookedAt: bigint;
  cells: Buffer;
}

/** Decoded texts are Buffers: they may be no UTF-8. */
export type WireMessage =
  | { type: 'claim'; address: bigint; transfer: 'map' | 'pull' }
  | ({ type: 'terms' } & WireTerms)
  | { type: 'mapped' | 'declined' | 'done'; offerId: bigint }
  | { type: 'refused'; code: number; message: string | Buffer }
  | { type: 'list'; follow: boolean }
  | { type: 'offers'; lines: WireOfferLine[] }
  | { type: 'held'; lines: WireHeldLine[] }
  | { type: 'end' | 'lease' | 'inspect' };

export interface ObjectFacts {
  isMemory: boolean;
  isHugetlb: boolean;
  sealedShrink: boolean;
  sealedGrow: boolean;
  sealedWrite: boolean;
  access: 'none' | 'read-only' | 'read-write';
  byteLength: bigint;
}

export interface BookOffer {
  id: number;
  destination: number;
  address: number;
  byteLength: number;
  flags: number;
  state: 'pending' | 'claiming' | 'claimed' | 'cancelled' | 'expired' | 'revoked';
}

export interface OfferBook {
  add(destination: number, address: number, byteLength: number, flags: number): number | EngineError;
  find(id: number): BookOffer | null;
  findAt(destination: number, address: number): number | null;
  beginClaim(destination: number, address: number): BookOffer | EngineError;
  finishClaim(id: number): boolean;
  returnClaim(id: number): boolean;
  cancel(id: number): 'cancelled' | 'not-there' | 'too-late';
  expire(destination: number): number[];
  revoke(searchFrom: number, address: number, byteLength: number, rights: number): number[];
  list(destination: number, after: number, limit: number): BookOffer[];
  listAll(): BookOffer[];
  size(): number;
}

export interface PageSet {
  add(first: number, count: number): void;
  remove(first: number, count: number): void;
  contains(page: number): boolean;
  containsAny(first: number, count: number): boolean;
  firstGap(first: number, count: number): PageSpan;
  firstRun(first: number, count: number): PageSpan;
}

export type Checkpoint =
  | 'pager.fault'
  | 'carver.rests'
  | 'sealer.rests'
  | 'prefetch.filled'
  | 'prefetch.step'
  | 'pull.copying'
  | 'object.data'
  | 'offer.checked'
  | 'region.releasing'
  | 'source.asked'
  | 'source.packed'
  | 'source.packing'
  | 'source.granted'
  | 'source.acknowledged'
  | 'source.dropping'
  | 'source.dropped'
  | 'claim.ask'
  | 'claim.terms'
  | 'claim.mapped'
  | 'claim.acknowledged';

/** What the kernel says of userfaultfd; errors are 0 where there is none. */
export interface UserfaultAnswers {
  refusal: number;
  refusalInUserMode: number;
  wantsKernelFaults: boolean;
  /** Undefined where no descriptor was to be had to ask with. */
  features: number | undefined;
  needed: number;
}

export interface WriteEnd {
  errno: number;
  wrong: number;
}

/** What the engine can be made to do without. */
export type Denial =
  | 'SO_PASSRIGHTS'
  | 'UFFDIO_COPY'
  | 'UFFDIO_MOVE'
  | 'faults on stale memory'
  | 'memory to spare'
  | 'shared views of sealed memory';

export interface Probe {
  readonly OfferBook: new () => OfferBook;
  readonly PageSet: new (pageCount: number) => PageSet;
  readonly FaultWindow: new (pageCount: number, pageBytes: number) => FaultWindow;
  readonly ReadAhead: new (pageCount: number, pageBytes: number) => ReadAhead;
  readonly Shares: new () => Shares;
  admissionFor(room: Room): 'kept' | 'answered' | 'refused';
  readonly connectionDescriptors: number;
  descriptorsForConnections(limit: number): number;
  descriptorsForFlights(limit: number): number;
  mayBeSentMore(verdict: Verdict, ofProcess: number, ofAll: number, limit: number): boolean;
  readonly Placement: new (allowedCores: readonly number[]) => Placement;
  latencyHistogram(
    nanoseconds: readonly bigint[],
    shares: readonly number[],
  ): { count: number; max: bigint; percentiles: bigint[] };
  classifyCopy(result: number, errno: number, bytes: number): string;
  /** Of what the kernel says, 0 when nothing, and how large its pages are. */
  hugePageBytes(told: number, pageBytes: number): number;
  stepBytes(pageBytes: number): number;
  encode(message: WireMessage): Buffer;
  decode(bytes: Buffer): WireMessage | EngineError;
  cellsOf(pageCount: number, limit: number): { cell: PageSpan; looked: PageSpan }[];
  shareOf(resident: number, lookedAt: number): number;
  /** How many pages of a cell are resident, when so many are of those that are looked at. */
  estimate(first: number, count: number, resident: number): number;
  cellsEach(claimCount: number): number;
  checkFlags(flags: number, held: number): EngineError | null;
  checkTerms(terms: WireTerms, requestedAddress: bigint, pageSize: number, kind?: OfferKind): EngineError | null;
  checkObject(
    facts: ObjectFacts,
    terms: WireTerms,
    transfer: 'map' | 'pull',
    takesPoolPages?: boolean,
  ): EngineError | null;
  lines(text: string): string[];
  numbersIn(text: string): bigint[];
  valueOfLine(start: string, text: string): string | null;
  fromFieldOfStat(text: string, field: number): string;
  brokerAddress(pidNamespace: bigint, pid: number, slot: number): string;
  brokerAddressPrefix(pidNamespace: bigint, pid: number): string;
  /** Undefined unless it is to the letter what `brokerAddress` makes. */
  parseBrokerAddress(address: string): { pidNamespace: bigint; pid: number; slot: number } | undefined;
  /** In which order a survey knocks at the names; what is of no form is left out. */
  namesInOrder(ownPidNamespace: bigint, addresses: readonly string[]): { names: string[]; leftOut: number };
  /** Whether each offer, `[id, isEarly]`, is told; 'listed' says that no list is to come. */
  whatUserfaultLacks(answers: UserfaultAnswers): string;
  /** The next thread that comes by stops there, until `unpark`. False when the checkpoint is taken. */
  park(checkpoint: Checkpoint): boolean;
  /** Calls back when a thread is parked there. Keeps the process alive until then. */
  onParked(checkpoint: Checkpoint, arrived: () => void): void;
  /** Lets it go on. True when a thread was parked there. */
  unpark(checkpoint: Checkpoint): boolean;
  /** The process ends by SIGKILL when a thread comes by. */
  killAt(checkpoint: Checkpoint): void;
  /** How often threads have come by since the first use of any checkpoint function. */
  passes(checkpoint: Checkpoint): number;
  /** Reads one byte, or adds 1 to it, on a native thread of its own; calls back with what the byte then holds. */
  touchOnThread(address: bigint, isWrite: boolean, done: (value: number) => void): void;
  /** What a child that is forked, and does not exec, reads there; or the signal that ends it. */
  touchInChild(address: bigint): { value: number } | { signal: number };
  /** From here on the engine does without it, as on an older kernel, or no longer. */
  deny(what: Denial, isDenied: boolean): void;
  /** How many bytes a write(2) takes from there; the negative errno when it takes none. */
  writeFrom(address: bigint, byteLength: number): number;
  /**
   * Has a native thread of its own write bytes from there again and again, until that fails. Calls back with the errno, and
   * with how many of the writes took other bytes than `mark`.
   */
  writeUntilItFails(address: bigint, byteLength: number, mark: number, done: (end: WriteEnd) => void): void;
  /** Runs the machine code there: an `int(*)()`. */
  call(address: bigint): number;
  /** Takes pages out of this process's page table, as reclaim would. */
  forgetPages(address: bigint, byteLength: number): boolean;
  /** Makes holes in the object that is mapped there. */
  punchPages(address: bigint, byteLength: number): boolean;
}

export function isProbeLoaded(): boolean {
  return 'probe' in addon();
}

/** The probe. Specs ask `requires(this, needs.probe)` first. */
export function probe(): Probe {
  const native = addon() as { probe?: Probe };
  if (!native.probe) throw new Error('the addon `probe` is not loaded; set VMOFFER_ADDON=probe, or run npm test');
  return native.probe;
}

/** Resolves when a thread is parked at the checkpoint, which `park()` must have been called for. */
export function parked(checkpoint: Checkpoint): Promise<void> {
  return new Promise((resolve) => {
    probe().onParked(checkpoint, resolve);
  });
}

/** Touches one byte on a native thread of its own. */
export function touchOnThread(address: bigint, isWrite = false): Promise<number> {
  return new Promise((resolve) => {
    probe().touchOnThread(address, isWrite, resolve);
  });
}

/** Writes from there on a native thread of its own until that fails. */
export function writtenUntilItFails(address: bigint, byteLength: number, mark: number): Promise<WriteEnd> {
  return new Promise((resolve) => {
    probe().writeUntilItFails(address, byteLength, mark, resolve);
  });
}

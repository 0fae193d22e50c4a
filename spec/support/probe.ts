/** The test-only addon `probe` (fixtures/probe), with its types. VMOFFER_ADDON=probe loads it instead of the addon. */
import { addon } from '#ts/load-addon.js';
import type { OfferKind } from 'vmoffer';
import type { PagingCounts } from './paging-counts.js';

export interface PageSpan {
  first: number;
  count: number;
}

export type TouchKind = 'sequential' | 'strided' | 'dense' | 'sparse';

export interface PagerAnswer {
  kind: TouchKind;
  pageCount: number;
  /** Of how many pages of a run one is touched. */
  pagesPerTouch: number;
  isWrite: boolean;
}

export interface PagingPolicy {
  count(answer: PagerAnswer): void;
  readonly isKernelCheaper: boolean;
}

export interface WindowPlan {
  /** The first part contains the touched page. */
  ranges: PageSpan[];
  isSequential: boolean;
}

export interface FaultWindow {
  /** Plans the window for a fault at that byte. */
  plan(byteOffset: number): WindowPlan;
  /** The kind of the last planned touch. */
  readonly kind: TouchKind;
  /** Of how many pages of the last planned window one is likely to be touched. */
  readonly pagesPerTouch: number;
  /** Marks these pages as installed. */
  install(first: number, count: number): void;
}

export interface ReadAhead {
  /** Says that the window of a run is being installed for the touched page. True if there is something to take now. */
  begin(first: number, count: number, touched: number): boolean;
  /** The window to install besides the page, which may be empty; null if none of the followed readers can be there. */
  onFault(page: number): PageSpan | null;
  /** Takes what the helper installs next. */
  take(maxPages: number): PageSpan | null;
  giveUp(first: number, count: number): void;
  setMost(pages: number): void;
  broughtOtherwise(page: number): void;
  readonly hasOrders: boolean;
  readonly hits: number;
  readonly waste: number;
}

export interface LaterRequest extends PageSpan {
  state: 'pending' | 'done' | 'failed' | 'cancelled';
}

/** A paged range whose pages arrive when the spec says so. */
export interface LaterRange {
  readonly address: bigint;
  /** The requests of the source, in order. */
  readonly requests: LaterRequest[];
  /** How many requests the source was told to forget. */
  readonly cancelled: number;
  readonly counts: PagingCounts & { latencies: number };
  /** Fills the first pages of that request with the mark, and completes them. */
  done(index: number, pages: number, mark: number): void;
  /** Completes all pending requests at the same time, each on a native thread of its own. */
  doneOnThreads(mark: number): void;
  failed(index: number): void;
  /** Ends the request as if that much time had passed. True if that is past its deadline. */
  expire(index: number, ms: number): boolean;
  /** From now on each request is complete before the range looks at it. */
  beOverAtOnce(mark: number): void;
  prefetch(first: number, count: number, done: () => void): void;
  /** Runs on a native thread of its own, 'take-back'. */
  takeBack(first: number, count: number, done: () => void): void;
  /** Ends the range as release() does: waiting threads find zeros. */
  close(): void;
}

export type UnitState = 'absent' | 'queued' | 'filling' | 'placing' | 'filled' | 'failed';

export interface FillOrder {
  id: number;
  unit: number;
  isWaitedFor: boolean;
}

export interface FillEnd {
  id: number;
  unit: number;
  askers: number[];
}

/** Times are milliseconds. */
export interface FillBook {
  ask(asker: number, unit: number, isWaitedFor: boolean): UnitState;
  cancel(asker: number, unit: number): void;
  forget(asker: number): void;
  nextOrder(now: number): FillOrder | null;
  takeAbandoned(): number[];
  beginPlacing(id: number): boolean;
  finish(id: number): FillEnd;
  fail(id: number): FillEnd | null;
  extend(id: number, now: number): boolean;
  expire(now: number): FillEnd[];
  readonly nextDeadline: number | null;
  beginPut(unit: number): boolean;
  finishPut(unit: number): FillEnd;
  giveUpPut(unit: number): void;
  evict(unit: number): boolean;
  retry(unit: number): boolean;
  stateOf(unit: number): UnitState;
  readonly underWay: number;
}

/** Times are milliseconds. */
export interface LeaseDirectory {
  use(unit: number): void;
  hold(holder: number, unit: number): void;
  oldest(): number | null;
  recall(unit: number, now: number): { number: number; holders: number[] };
  /** Returns the unit if it is free now. */
  give(holder: number, recall: number): number | null;
  keep(holder: number, recall: number): void;
  /** Returns the units that are free now. */
  forget(holder: number): number[];
  expire(now: number): number;
  readonly nextDeadline: number | null;
  dropped(unit: number): void;
  isRecalled(unit: number): boolean;
  readonly size: number;
}

/** What a claimer of supplied memory has been told of its units. */
export interface ClaimedUnits {
  isReady(unit: number): boolean;
  readyFrom(unit: number, end: number): number;
  isAskedFor(unit: number): boolean;
  readonly awaitsAnswers: boolean;
  /** True: to be sent now. */
  ask(unit: number, isWaitedFor: boolean): boolean;
  /** True if the source must be told. */
  cancel(unit: number): boolean;
  readonly readyCount: number;
  next(): { unit: number; isWaitedFor: boolean } | null;
  ready(first: number, count: number): number[];
  failed(first: number, count: number): number[];
  giveUp(): number[];
  isHole(unit: number): boolean;
  recall(first: number, count: number): boolean;
  lose(unit: number): void;
  pin(first: number, count: number): void;
  unpin(first: number, count: number): void;
}

export interface OrderAhead {
  onTouch(unit: number, held: number): PageSpan;
  /** Returns what was ordered too far ahead. */
  onRecall(first: number, count: number, held: number): PageSpan;
  readonly bytesBetweenTouches: number;
}

/** What the source of supplied memory decides. Times are milliseconds. */
export interface SuppliedUnits {
  addLine(line: number): void;
  removeLine(line: number): void;
  onMessage(line: number, message: WireMessage, now: number): boolean;
  beginPlacing(fill: number): number | null;
  finish(fill: number, now: number): void;
  fail(fill: number): void;
  isUnderWay(fill: number): boolean;
  beginPut(unit: number): boolean;
  finishPut(unit: number, now: number): void;
  giveUpPut(unit: number): void;
  evict(first: number, count: number): void;
  retry(first: number, count: number): void;
  onTime(now: number): void;
  readonly nextTime: number | null;
  takeWork(now: number): { orders: FillOrder[]; stops: number[]; drops: number[] };
  dropped(unit: number): void;
  takeMessages(): { to: number; message: WireMessage }[];
  readonly residentUnits: number;
}

export interface SupplyWindow {
  /** The descriptor of the object, which the window owns. */
  readonly fd: number;
  place(byteOffset: number, bytes: Uint8Array): EngineError | null;
  /** As place(), from an address without memory. */
  placeFromNowhere(byteOffset: number): EngineError | null;
  drop(byteOffset: number, byteLength: number): EngineError | null;
  /** Reads a byte through a mapping of a read-only descriptor. In a hole, that makes a page of zeros. */
  grow(byteOffset: number): void;
  /**
   * Places that many pages, one after the other, from memory that a second thread keeps paging out, while a third looks
   * for torn pages. Returns how many whole and torn pages the third saw.
   */
  contest(pageCount: number): { whole: number; torn: number };
}

/** Times are in microseconds, from any beginning. */
export interface LookBudget {
  readonly isLookWorthwhile: boolean;
  readonly givesWay: boolean;
  /** After a wait. */
  readonly isCoreToBeLeft: boolean;
  begin(nowUs: number, looks: boolean): void;
  goesOn(nowUs: number): boolean;
  end(nowUs: number): void;
  forget(): void;
  slept(waitedUs: number): void;
}

export interface Placement {
  /** The core to be on from now on, after a fault from `core` (below 0: unknown); -1 is any core. */
  afterFault(core: number): number;
  refuse(core: number): void;
  afterPause(): void;
}

export type Verdict = 'yes' | 'process has its share' | 'user has its share' | 'nothing left';

/** A process that takes a share of something limited; `process` 0: it cannot be told from others of its user. */
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

/** Whole units of supplied memory. */
export interface WireUnits {
  byteOffset: bigint;
  byteLength: bigint;
}

/** Decoded texts are Buffers, because they may not be UTF-8. */
export type WireMessage =
  | { type: 'claim'; address: bigint; transfer: 'map' | 'pull' }
  | ({ type: 'terms' } & WireTerms)
  | { type: 'mapped' | 'declined' | 'done'; offerId: bigint }
  | { type: 'refused'; code: number; message: string | Buffer }
  | { type: 'list'; follow: boolean }
  | { type: 'offers'; lines: WireOfferLine[] }
  | { type: 'held'; lines: WireHeldLine[] }
  | { type: 'supply'; unitBytes: number; timeoutMs: number }
  | (WireUnits & { type: 'ask'; isWaitedFor: boolean })
  | (WireUnits & { type: 'cancel' | 'ready' })
  | (WireUnits & { type: 'failed'; code: number; message: string | Buffer })
  | (WireUnits & { type: 'recall'; number: bigint })
  | { type: 'given' | 'kept'; number: bigint }
  | { type: 'end' | 'lease' | 'inspect' | 'progress' };

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
  | 'pager.installing'
  | 'pager.opening'
  | 'carver.rests'
  | 'sealer.rests'
  | 'prefetch.filled'
  | 'prefetch.step'
  | 'pull.copying'
  | 'object.data'
  | 'object.punching'
  | 'offer.checked'
  | 'region.releasing'
  | 'source.reached'
  | 'source.met'
  | 'source.asked'
  | 'source.packed'
  | 'source.packing'
  | 'source.terms-sent'
  | 'source.acknowledged'
  | 'source.dropping'
  | 'source.dropped'
  | 'claim.ask'
  | 'claim.terms'
  | 'claim.mapped'
  | 'claim.acknowledged';

/** The kernel's answers about userfaultfd. An error is 0 if there was none. */
export interface UserfaultAnswers {
  refusal: number;
  refusalInUserMode: number;
  wantsKernelFaults: boolean;
  /** Undefined if there was no descriptor to ask with. */
  features: number | undefined;
  needed: number;
}

export interface WriteEnd {
  errno: number;
  wrong: number;
}

/** Features that the engine can be made to do without. */
export type Denial =
  | 'SO_PASSRIGHTS'
  | 'UFFDIO_CONTINUE'
  | 'UFFDIO_COPY'
  | 'UFFDIO_MOVE'
  | 'UFFDIO_POISON'
  | 'claims made by their own thread'
  | 'faults on stale memory'
  | 'memory to spare'
  | 'shared views of sealed memory';

export interface Probe {
  readonly ClaimedUnits: new (unitCount: number) => ClaimedUnits;
  readonly OrderAhead: new (unitCount: number, unitBytes: number) => OrderAhead;
  readonly SuppliedUnits: new (
    byteLength: number,
    unitBytes: number,
    concurrency: number,
    timeoutMs: number,
    budgetUnits: number,
  ) => SuppliedUnits;
  readonly FillBook: new (unitCount: number, concurrency: number, timeoutMs: number) => FillBook;
  readonly LeaseDirectory: new (patienceMs: number) => LeaseDirectory;
  readonly SupplyWindow: new (byteLength: number) => SupplyWindow;
  readonly OfferBook: new () => OfferBook;
  readonly PageSet: new (pageCount: number) => PageSet;
  readonly FaultWindow: new (pageCount: number, pageBytes: number) => FaultWindow;
  readonly ReadAhead: new (pageCount: number, pageBytes: number) => ReadAhead;
  /** @param ofSameProcess whose allowance it shares. */
  readonly LookBudget: new (ofSameProcess?: LookBudget, roundNs?: number) => LookBudget;
  readonly PagingPolicy: new () => PagingPolicy;
  readonly LaterRange: new (pageCount: number, unitPages: number) => LaterRange;
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
  /** Of groups of which so many pages are there each; `byPage`: writes bring single pages. */
  isRestWorthBringing(presentPages: readonly number[], pagesPerGroup: number, byPage: boolean): boolean;
  fewestFaultsUntilWorth(presentPages: readonly number[], pagesPerGroup: number, byPage: boolean): number;
  /** @param told the size that the kernel reports, or 0. @param pageBytes the size of its ordinary pages. */
  hugePageBytes(told: number, pageBytes: number): number;
  stepBytes(pageBytes: number): number;
  encode(message: WireMessage): Buffer;
  decode(bytes: Buffer): WireMessage | EngineError;
  cellsOf(pageCount: number, limit: number): { cell: PageSpan; looked: PageSpan }[];
  shareOf(resident: number, lookedAt: number): number;
  /** Estimates how many pages of a cell are resident, if `resident` of the sampled ones are. */
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
  /** Undefined unless it is exactly what `brokerAddress` makes. */
  parseBrokerAddress(address: string): { pidNamespace: bigint; pid: number; slot: number } | undefined;
  /** The order in which a survey tries the names. Names of another form are left out. */
  namesInOrder(ownPidNamespace: bigint, addresses: readonly string[]): { names: string[]; leftOut: number };
  whatUserfaultLacks(answers: UserfaultAnswers): string;
  /** The next thread that reaches the checkpoint stops there, until `unpark`. False if the checkpoint is taken. */
  park(checkpoint: Checkpoint): boolean;
  /** Calls `arrived` when a thread is parked there. Keeps the process alive until then. */
  onParked(checkpoint: Checkpoint, arrived: () => void): void;
  /** Lets the thread go on. True if one was parked there. */
  unpark(checkpoint: Checkpoint): boolean;
  /** The process ends by SIGKILL when a thread reaches the checkpoint. */
  killAt(checkpoint: Checkpoint): void;
  /** How often threads have reached it since the first use of any checkpoint function. */
  passes(checkpoint: Checkpoint): number;
  /** Reads one byte, or adds 1 to it, on a native thread of its own. Calls back with the value of the byte afterwards. */
  touchOnThread(address: bigint, isWrite: boolean, done: (value: number) => void): void;
  /** Forks a child that does not exec and reads there. Returns the value that it read, or the signal that ended it. */
  touchInChild(address: bigint): { value: number } | { signal: number };
  /** From now on the engine does without the feature, as on an older kernel; or uses it again. */
  deny(what: Denial, isDenied: boolean): void;
  /** The cores on which the calling thread may run. */
  allowedCores(): number[];
  /** A thread that may run on these cores leaves the one that it is on. Returns both, and where it may run then. */
  leaveCore(cores: number[]): { from: number; to: number; allowed: number[] };
  /** The least that a control group over this process allows, in processors, by what `read` returns of the files. */
  processorQuota(read: (path: string) => string): number;
  /** Calls write(2) with that memory. Returns how many bytes it took, or the negative errno. */
  writeFrom(address: bigint, byteLength: number): number;
  /**
   * Calls write(2) with that memory in a loop, on a native thread of its own, until it fails. Calls back with the errno, and
   * with the number of writes that took bytes other than `mark`.
   */
  writeUntilItFails(address: bigint, byteLength: number, mark: number, done: (end: WriteEnd) => void): void;
  /** Runs the machine code there: an `int(*)()`. */
  call(address: bigint): number;
  /** Takes pages out of this process's page table, as reclaim would. */
  forgetPages(address: bigint, byteLength: number): boolean;
  /** Punches holes into the object that is mapped there. */
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

/** Resolves when a thread is parked at the checkpoint. REQUIRES: `park()` was called for it. */
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

/** Writes from there, on a native thread of its own, until a write fails. */
export function writtenUntilItFails(address: bigint, byteLength: number, mark: number): Promise<WriteEnd> {
  return new Promise((resolve) => {
    probe().writeUntilItFails(address, byteLength, mark, resolve);
  });
}

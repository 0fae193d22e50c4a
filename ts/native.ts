/**
 * The addon's types, declared once. Nothing here is public. `ts/` checks every argument before it calls the addon, and the
 * addon asserts its arguments. A call either returns or throws an error that `createError` built.
 */

import type { ClaimStats, FaultLatency } from './claim-stats.js';
import type { SupplyStats } from './supply/supply-stats.js';
import type { OfferEnding, OfferKind, OfferState, PageKind, PagingKind, TransferKind } from './kinds.js';
import type { SupplyFailure } from './supply-failure.js';

export interface NativeRegion {
  readonly address: bigint;
  readonly byteLength: number;
  readonly pages: PageKind;
  readonly released: boolean;
  /** True once the memory has gone to another process: every buffer is detached, or will be in a moment. */
  readonly disowned: boolean;
  /**
   * An external ArrayBuffer over the bytes, at most `buffer.constants.MAX_LENGTH` of them. `release()` detaches it. With
   * `setsDetachKey` nothing else can detach it; that needs `hasNodeFunctions`.
   */
  arrayBuffer(byteOffset: number, byteLength: number, setsDetachKey: boolean): ArrayBuffer;
  /** Installs the pages of a byte range on a thread of the thread pool. Calls `done` once. */
  prefetch(byteOffset: number, byteLength: number, done: (error: Error | null) => void): void;
  /** All of these bytes are about to be brought, in order. If they are supplied, their source is asked for the first of them. */
  order(byteOffset: number, byteLength: number): void;
  /** They are not. */
  cancelOrder(byteOffset: number, byteLength: number): void;
  /** Detaches every buffer and gives the memory back. Idempotent. */
  release(): void;
}

export interface NativeClaim extends NativeRegion {
  readonly srcPid: number;
  readonly flags: number;
  readonly immutable: boolean;
  readonly transfer: TransferKind;
  readonly paging: PagingKind;
  /** Bit `i & 7` of byte `i >> 3` tells whether page `i` is in this process's page table, as the kernel sees it. */
  residency(): Uint8Array;
  stats(): ClaimStats;
  /** Its pages are brought when they are asked for. The five below are for such claims only. */
  readonly supplied: boolean;
  readonly failed: boolean;
  /** Calls `done` once. After an error nothing is kept. Returns the number for `unpin`. */
  pin(byteOffset: number, byteLength: number, done: (error: Error | null) => void): number;
  unpin(id: number): void;
  /** Calls `onFailure` when there are failures to take. Once. */
  observeFailures(onFailure: () => void): void;
  takeFailures(): SupplyFailure[];
}

/** Memory that this process supplies. Ranges are whole units. */
export interface NativeSupply {
  readonly address: bigint;
  readonly byteLength: number;
  /** Tells it from other memory at the address, before and after. */
  readonly number: number;
  readonly released: boolean;
  stats(): SupplyStats;
  fill(byteOffset: number, bytes: Uint8Array): void;
  evict(byteOffset: number, byteLength: number): void;
  retry(byteOffset: number, byteLength: number): void;
  /** Idempotent. */
  release(): void;
}

/** What a supplier answers by. Nothing has an effect once a fill has ended. */
export interface NativeSupplier {
  /** An array to fill. The supplier's thread goes on while the bytes of one from here are put into place, if it can. */
  makeArray(byteLength: number): Uint8Array;
  /** Whether the bytes of such an array are still being put into place: it must not be filled again. */
  isInUse(array: Uint8Array): boolean;
  /** Has the bytes put into place, unless nobody wants them any more. */
  finish(fill: number, bytes: Uint8Array): void;
  extend(fill: number): boolean;
  fail(fill: number, message: string): void;
  /** What is under way fails, and `begin` and `stop` are not called any more. Idempotent. */
  close(): void;
}

export interface NativeOffer {
  readonly id: number;
  readonly destPid: number;
  readonly address: bigint;
  readonly byteLength: number;
  readonly flags: number;
  readonly state: OfferState;
  /** True: this call cancelled it. False: it had ended unclaimed before. Throws ERR_VMO_TOO_LATE if claimed or being claimed. */
  cancel(): boolean;
  /** Cancels it now, or once the claim under way has failed. */
  withdraw(): void;
  /** For the offer of a channel that has been claimed: this side's end of the bell, once. */
  takeBell(): NativeBell | undefined;
  /** Calls `callback` once, asynchronously; soon if the offer has ended already. */
  onEnded(callback: (ending: OfferEnding) => void): void;
  /** Calls `callback` once, when the claimer has released the memory or is gone, or the offer has ended unclaimed. */
  onReleased(callback: () => void): void;
}

/** One end of a channel's bell. It is closed when it becomes garbage, which it cannot while it keeps the event loop alive. */
export interface NativeBell {
  /** The event loop calls it for one ring or many. Nothing follows a hang-up. */
  onRing?: ((hasHungUp: boolean) => void) | undefined;
  /** Never blocks. False if the other end is gone. */
  ring(): boolean;
  /** Looks at the connection now, without the event loop. */
  hasHungUp(): boolean;
  /** While true, the event loop stays alive. */
  keepAlive(alive: boolean): void;
  /** The other side notices. Idempotent. */
  close(): void;
}

export interface NativeOfferRecord {
  /** Unique within the source process. */
  id: number;
  srcPid: number;
  destPid: number;
  address: bigint;
  byteLength: number;
  flags: number;
  kind: OfferKind;
  supplied: boolean;
  direction: 'sent' | 'received';
  state: OfferState;
}

export interface NativeOfferList {
  records: NativeOfferRecord[];
  /** How many names, at which a process of this library may listen, could not be asked: full queues, or too many names. */
  missed: number;
}

export interface NativeClaimOptions {
  transfer: TransferKind;
  paging: 'auto' | PagingKind;
  timeoutMs: number;
  /** If the offer is of another kind, the claim fails with ERR_VMO_NOT_OFFERED. */
  kind: OfferKind;
  /** Whether to take memory from the huge page pool. Default: false. */
  hugetlb?: boolean;
  /** Whether a unit of supplied memory that fails reads as zeros. Default: a touch of it ends the process. */
  zerosOnSupplyFailure?: boolean;
  /** Whether the claim waits until the source has sealed what nobody may write. Default: no. */
  immutable?: boolean;
}

export interface NativeCapability {
  name: string;
  available: boolean;
  /** What it is good for, or what was found. */
  detail: string;
  /** Empty if available. */
  cause: string;
  remedy: string;
}

export interface NativeWatch {
  /**
   * The next offer, each once; undefined if there is none now, except from these sources. An offer that is not taken is kept,
   * and holds up its source.
   */
  take(exceptFrom: readonly number[]): NativeOfferRecord | undefined;
  stop(): void;
}

/** A claim, as the broker of the process that holds it reports it. */
export interface NativeHeldClaim extends Omit<ClaimStats, 'faultLatency' | 'supply'> {
  /** Unlike that of any other claim of its process, even a later one at the same address. */
  number: number;
  address: bigint;
  byteLength: number;
  /** In the pid namespace of the process that holds the claim. */
  srcPid: number;
  flags: number;
  kind: OfferKind;
  supplied: boolean;
  transfer: TransferKind;
  paging: PagingKind;
  faultLatency: Pick<FaultLatency, 'p50' | 'p99'>;
  /** An estimate unless `pagesLookedAt` is all of them. */
  residentPages: number;
  pagesLookedAt: number;
  /** Up to 64 equal cells: 0 if none of the sampled pages is resident, 255 if all are. Empty if not known. */
  cells: number[];
}

/** What one broker has answered. A process with two copies of the library has two brokers. */
export interface NativeHeldReport {
  pid: number;
  /** `'none'`: it was silent, or its answer was malformed. `'refused'`: it belongs to another user. */
  answer: 'told' | 'refused' | 'none';
  claims: NativeHeldClaim[];
}

export interface ErrorDetails {
  /** Positive, like errno. */
  errorNumber?: number;
  syscall?: string;
  pid?: number;
  address?: bigint;
}

export interface Native {
  readonly pageSize: number;
  /** True if V8's and libuv's functions were found in this program, as in Node. False if it has Node-API alone. */
  readonly hasNodeFunctions: boolean;
  /**
   * Once per environment, before anything else. `scheduleSweep` arranges one later call of `sweep()` that keeps nothing alive,
   * `scheduleLook` one of `lookForClaims()` when the JavaScript that runs has ended.
   */
  initialize(hooks: {
    createError(code: string, message: string, details: ErrorDetails): Error;
    scheduleSweep(): void;
    scheduleLook(): void;
  }): void;
  /** Frees address space whose last ArrayBuffer has been collected. True if some still waits. */
  sweep(): boolean;
  /**
   * Has V8 collect everything, and gives back at once what the collected objects held, because their finalizers would run later.
   * True if that was something. Does nothing if the JavaScript engine takes no hints, or if a collector that maps `mostBytes`
   * would run out of room.
   */
  collect(mostBytes: number): boolean;
  /** While true, this environment's event loop stays alive (a pending claim, an open incomingOffers). */
  keepAlive(alive: boolean): void;
  allocate(byteLength: number, executable: boolean, hugePages: boolean): NativeRegion;
  /** On which core the calling thread runs now; negative when that cannot be told. No system call. */
  readonly currentCore: () => number;
  /** `budget`: 0 for none. */
  supply(byteLength: number, unit: number, concurrency: number, timeoutMs: number, budget: number): NativeSupply;
  /** Nothing if that memory has been released. Calls `begin` for each unit that is wanted, and `stop` if it is no longer. */
  serveSupply(
    address: bigint,
    number: number,
    begin: (fill: number, byteOffset: number, byteLength: number, isWaitedFor: boolean) => void,
    stop: (fill: number) => void,
  ): NativeSupplier | undefined;
  /** No supplier will come: whatever is wanted fails, until there is one or the memory is retried. */
  refuseSupply(address: bigint, number: number, message: string): void;
  /** The address of a view's first byte in this process. */
  addressOf(view: ArrayBufferView): bigint;
  offer(destPid: number, address: bigint, byteLength: number, flags: number, kind: OfferKind): NativeOffer;
  /** True: cancelled. False: no pending offer of that address to that process. Throws ERR_VMO_TOO_LATE. */
  cancelAt(destPid: number, address: bigint): boolean;
  claimSync(srcPid: number, remoteAddress: bigint, options: NativeClaimOptions): NativeClaim;
  /** Calls back once. Returns the number of the claim. */
  claim(
    srcPid: number,
    remoteAddress: bigint,
    options: NativeClaimOptions,
    done: (error: Error | null, claim?: NativeClaim, bell?: NativeBell) => void,
  ): number;
  /** The callback of the claim gets an error, or the claim if it is too late. Nothing happens if it has been called. */
  abandonClaim(claim: number): void;
  /** Looks for a moment for what comes of the claims since the last call, and calls back those that are made. */
  lookForClaims(): void;
  listSync(timeoutMs: number): NativeOfferList;
  list(timeoutMs: number, done: (error: Error | null, list?: NativeOfferList) => void): void;
  /**
   * Watches for offers of a kind made to this process, including those that stand already; `from` 0: by any process. Calls
   * `onAvailable` when there is something to take, and again each time after `take()` found nothing. Calls `onHeldUp` at most
   * once, with the number of names that take no connection, or 0 if there are no descriptors to ask with; the watch tries again.
   */
  watchIncoming(kind: OfferKind, from: number, onAvailable: () => void, onHeldUp: (names: number) => void): NativeWatch;
  askWhatIsHeld(timeoutMs: number, done: (error: Error | null, reports?: NativeHeldReport[]) => void): void;
  capabilities(): { kernelRelease: string; pageSize: number; list: NativeCapability[] };
}

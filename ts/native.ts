/**
 * The addon's shape, stated once. Nothing here is public: `ts/` checks every argument before it calls in, and the addon
 * asserts what it is told. An addon call either returns or throws what `createError` built.
 */

import type { ClaimStats, FaultLatency } from './claim-stats.js';
import type { OfferEnding, OfferKind, OfferState, PageKind, PagingKind, TransferKind } from './kinds.js';

export interface NativeRegion {
  readonly address: bigint;
  readonly byteLength: number;
  readonly pages: PageKind;
  readonly released: boolean;
  /** The memory has gone to another process; every buffer is detached, or will be in a moment. */
  readonly disowned: boolean;
  /**
   * An external ArrayBuffer over the bytes; detached by `release()`. At most `buffer.constants.MAX_LENGTH` bytes. With
   * `setsDetachKey` nothing else can detach it; that needs `hasNodeFunctions`.
   */
  arrayBuffer(byteOffset: number, byteLength: number, setsDetachKey: boolean): ArrayBuffer;
  /** Installs the pages of a byte range on a thread-pool thread. One callback. */
  prefetch(byteOffset: number, byteLength: number, done: (error: Error | null) => void): void;
  /** Idempotent. Detaches every buffer, gives the memory back. */
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
}

export interface NativeOffer {
  readonly id: number;
  readonly destPid: number;
  readonly address: bigint;
  readonly byteLength: number;
  readonly flags: number;
  readonly state: OfferState;
  /** True: cancelled by this call. False: it had ended unclaimed before. Throws ERR_VMO_TOO_LATE when claimed or being claimed. */
  cancel(): boolean;
  /** Cancels it now, or when the claim that is under way comes to nothing. */
  withdraw(): void;
  /** Of a channel that has been claimed, once: this side's end of its bell. */
  takeBell(): NativeBell | undefined;
  /** Called once, at once (asynchronously) if it has ended already. */
  onEnded(callback: (ending: OfferEnding) => void): void;
  /** Called once: the claimer released the memory or is gone, or the offer ended unclaimed. */
  onReleased(callback: () => void): void;
}

/** One end of a channel's bell. Garbage closes it, unless it keeps the event loop alive. */
export interface NativeBell {
  /** Called by the event loop, for one ring or many. After a hang-up nothing more is heard. */
  onRing?: ((hasHungUp: boolean) => void) | undefined;
  /** Never blocks. False when the other end is gone. */
  ring(): boolean;
  /** Looks now, without the event loop. */
  hasHungUp(): boolean;
  /** While true, the event loop stays alive. */
  keepAlive(alive: boolean): void;
  /** Idempotent. The other side hears it. */
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
  direction: 'sent' | 'received';
  state: OfferState;
}

export interface NativeOfferList {
  records: NativeOfferRecord[];
  /** Names at which a process of this library may listen that could not be asked: they took no connection, or were too many. */
  missed: number;
}

export interface NativeClaimOptions {
  transfer: TransferKind;
  paging: 'auto' | PagingKind;
  timeoutMs: number;
  /** An offer of another kind is not claimed: ERR_VMO_NOT_OFFERED. */
  kind: OfferKind;
  /** Whether memory from the huge page pool is taken. Default: no. */
  hugetlb?: boolean;
}

export interface NativeCapability {
  name: string;
  available: boolean;
  /** What it is good for, or what was found. */
  detail: string;
  /** Empty when available. */
  cause: string;
  remedy: string;
}

export interface NativeWatch {
  /**
   * The next offer, each once; undefined when there is none now, but of these sources. What is not taken is kept, and holds up
   * its source.
   */
  take(exceptFrom: readonly number[]): NativeOfferRecord | undefined;
  stop(): void;
}

/** A claim as its holder's broker tells of it. */
export interface NativeHeldClaim extends Omit<ClaimStats, 'faultLatency'> {
  /** Tells it from others of its process, also from later ones at the same address. */
  number: number;
  address: bigint;
  byteLength: number;
  /** As the holder numbers processes. */
  srcPid: number;
  flags: number;
  kind: OfferKind;
  transfer: TransferKind;
  paging: PagingKind;
  faultLatency: Pick<FaultLatency, 'p50' | 'p99'>;
  /** An estimate unless `pagesLookedAt` is all of them. */
  residentPages: number;
  pagesLookedAt: number;
  /** Up to 64 equal pieces: 0 nothing of what was looked at is resident, 255 all of it. Empty: not known. */
  cells: number[];
}

/** One broker; a process with two copies of the library has two. */
export interface NativeHolder {
  pid: number;
  /** `'none'`: it was silent, or told nonsense. `'refused'`: it belongs to another user. */
  answer: 'told' | 'refused' | 'none';
  claims: NativeHeldClaim[];
}

export interface ErrorDetails {
  /** Positive, as errno has it. */
  errorNumber?: number;
  syscall?: string;
  pid?: number;
  address?: bigint;
}

export interface Native {
  readonly pageSize: number;
  /** V8's and libuv's functions were found in this program, as in Node. False where Node-API is all there is. */
  readonly hasNodeFunctions: boolean;
  /** Once per environment, before anything else. `scheduleSweep` arranges one later call of `sweep()` that keeps nothing alive. */
  initialize(hooks: {
    createError(code: string, message: string, details: ErrorDetails): Error;
    scheduleSweep(): void;
  }): void;
  /** Frees address space whose last ArrayBuffer the collector has let go. True when some is still waiting. */
  sweep(): boolean;
  /**
   * Has V8 collect everything, and gives back at once what the collected objects held, where their finalizers would come later.
   * True when that was something. Does nothing where the engine takes no hints, nor where a collector that maps so many bytes
   * would come to its end.
   */
  collect(mostBytes: number): boolean;
  /** While true, this environment's event loop stays alive (a pending claim, an open incomingOffers). */
  keepAlive(alive: boolean): void;
  allocate(byteLength: number, executable: boolean, hugePages: boolean): NativeRegion;
  /** The address of a view's first byte, as this process sees it. */
  addressOf(view: ArrayBufferView): bigint;
  offer(destPid: number, address: bigint, byteLength: number, flags: number, kind: OfferKind): NativeOffer;
  /** True: cancelled. False: no pending offer of that address to that process. Throws ERR_VMO_TOO_LATE. */
  cancelAt(destPid: number, address: bigint): boolean;
  claimSync(srcPid: number, remoteAddress: bigint, options: NativeClaimOptions): NativeClaim;
  /** One callback. The returned function abandons the claim: the callback then gets an error, or the claim if it was too late. */
  claim(
    srcPid: number,
    remoteAddress: bigint,
    options: NativeClaimOptions,
    done: (error: Error | null, claim?: NativeClaim, bell?: NativeBell) => void,
  ): () => void;
  listSync(timeoutMs: number): NativeOfferList;
  list(timeoutMs: number, done: (error: Error | null, list?: NativeOfferList) => void): void;
  /**
   * Watches for offers of a kind made to this process, those that stand already included; `from` 0: by any process. Calls back
   * when there is something to take, and then once for each time that there was nothing to take.
   * `onHeldUp`: so many names take no connection, or (0) there are no descriptors to ask; it is tried again. Once at most.
   */
  watchIncoming(kind: OfferKind, from: number, onAvailable: () => void, onHeldUp: (names: number) => void): NativeWatch;
  askWhatIsHeld(timeoutMs: number, done: (error: Error | null, holders?: NativeHolder[]) => void): void;
  capabilities(): { kernelRelease: string; pageSize: number; list: NativeCapability[] };
}

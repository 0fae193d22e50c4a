import type { NativeOfferRecord } from '../../native.js';
import { BackOff } from '../waiting/back-off.js';

/** How many channels of one source are kept here that, as the source says, other acceptors are claiming. */
const MOST_WAITING = 128;

const TAKEN_MS = { first: 2, last: 10_000 };
const SOURCE_MS = { first: 50, last: 10_000 };

/** A channel that is offered and not accepted yet. */
export interface OfferedChannel {
  readonly record: NativeOfferRecord;
  readonly backOff: BackOff;
}

interface Source {
  readonly waiting: OfferedChannel[];
  readonly backOff: BackOff;
  isBeingClaimedFrom: boolean;
}

/** Decides which channel is accepted next. Sources take turns; each source gives its first channel that may be tried now. */
export class OfferedChannels {
  /** The source whose turn is next comes first. */
  readonly #sources = new Map<number, Source>();

  add(record: NativeOfferRecord): void {
    const backOff = new BackOff(TAKEN_MS.first, TAKEN_MS.last);
    this.#sourceOf(record.srcPid).waiting.push({ record, backOff });
  }

  /** The sources from which no further offer is needed now. */
  satisfied(now: number): number[] {
    const found: number[] = [];
    for (const [pid, { isBeingClaimedFrom, backOff, waiting }] of this.#sources) {
      const isNext = waiting.some((offered) => offered.backOff.waitMs(now) === 0);
      const isFull = waiting.length >= MOST_WAITING;
      if (isBeingClaimedFrom || backOff.waitMs(now) > 0 || isNext || isFull) found.push(pid);
    }
    return found;
  }

  /** Takes the next channel. No other channel of its source is taken until `settle` or `putBack`. */
  take(now: number): OfferedChannel | undefined {
    for (const [pid, source] of this.#sources) {
      if (source.isBeingClaimedFrom || source.backOff.waitMs(now) > 0) continue;
      const index = source.waiting.findIndex(({ backOff }) => backOff.waitMs(now) === 0);
      const [next] = index < 0 ? [] : source.waiting.splice(index, 1);
      if (!next) continue;
      source.isBeingClaimedFrom = true;
      this.#sources.delete(pid); // goes to the end of the order
      this.#sources.set(pid, source);
      return next;
    }
    return undefined;
  }

  /** The channel has been accepted, or is not valid. */
  settle({ record: { srcPid } }: OfferedChannel): void {
    const source = this.#sourceOf(srcPid);
    source.isBeingClaimedFrom = false;
    source.backOff.succeed();
    this.#forgetIfDone(srcPid);
  }

  /** Tries the channel again: `'now'`; `'soon'`, after others of its source; or `'later'`, as all channels of its source. */
  putBack(offered: OfferedChannel, when: 'now' | 'soon' | 'later', now: number): void {
    const source = this.#sourceOf(offered.record.srcPid);
    source.isBeingClaimedFrom = false;
    if (when === 'soon') offered.backOff.fail(now);
    if (when === 'later') source.backOff.fail(now);
    if (when === 'soon') source.waiting.push(offered);
    else source.waiting.unshift(offered);
  }

  /** How long until some waiting channel may be tried; Infinity if none waits. */
  waitMs(now: number): number {
    let least = Infinity;
    for (const { isBeingClaimedFrom, backOff, waiting } of this.#sources.values()) {
      if (isBeingClaimedFrom || backOff.waitMs(now) >= least) continue;
      for (const offered of waiting)
        least = Math.min(least, Math.max(backOff.waitMs(now), offered.backOff.waitMs(now)));
    }
    return least;
  }

  clear(): void {
    this.#sources.clear();
  }

  #sourceOf(pid: number): Source {
    let source = this.#sources.get(pid);
    if (!source) {
      const backOff = new BackOff(SOURCE_MS.first, SOURCE_MS.last);
      source = { waiting: [], backOff, isBeingClaimedFrom: false };
      this.#sources.set(pid, source);
    }
    return source;
  }

  #forgetIfDone(pid: number): void {
    const source = this.#sources.get(pid);
    if (source?.waiting.length === 0 && !source.isBeingClaimedFrom) this.#sources.delete(pid);
  }
}

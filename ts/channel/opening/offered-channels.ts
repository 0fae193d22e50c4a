import type { NativeOfferRecord } from '../../native.js';
import { BackOff } from '../waiting/back-off.js';

/** Of one process, each of which another acceptor is claiming, or says that it does. */
const MOST_WAITING = 128;

const TAKEN_MS = { first: 2, last: 10_000 };
const SOURCE_MS = { first: 50, last: 10_000 };

/** A channel that is offered, and not accepted yet. */
export interface OfferedChannel {
  readonly record: NativeOfferRecord;
  readonly backOff: BackOff;
}

interface Source {
  readonly waiting: OfferedChannel[];
  readonly backOff: BackOff;
  isBeingClaimedFrom: boolean;
}

/** What is to be accepted next: sources take turns, and of each one the first that may be tried. */
export class OfferedChannels {
  /** In the order of their turns. */
  readonly #sources = new Map<number, Source>();

  /** One that is offered now. */
  add(record: NativeOfferRecord): void {
    const backOff = new BackOff(TAKEN_MS.first, TAKEN_MS.last);
    this.#sourceOf(record.srcPid).waiting.push({ record, backOff });
  }

  /** The sources that need not add any now: claimed from, or waiting for their time, or one that may be tried is here. */
  satisfied(now: number): number[] {
    const found: number[] = [];
    for (const [pid, { isBeingClaimedFrom, backOff, waiting }] of this.#sources) {
      const isNext = waiting.some((offered) => offered.backOff.waitMs(now) === 0);
      const isFull = waiting.length >= MOST_WAITING;
      if (isBeingClaimedFrom || backOff.waitMs(now) > 0 || isNext || isFull) found.push(pid);
    }
    return found;
  }

  /** The next one, whose source is claimed from until `settle` or `putBack`. */
  take(now: number): OfferedChannel | undefined {
    for (const [pid, source] of this.#sources) {
      if (source.isBeingClaimedFrom || source.backOff.waitMs(now) > 0) continue;
      const index = source.waiting.findIndex(({ backOff }) => backOff.waitMs(now) === 0);
      const [next] = index < 0 ? [] : source.waiting.splice(index, 1);
      if (!next) continue;
      source.isBeingClaimedFrom = true;
      this.#sources.delete(pid); // to the end
      this.#sources.set(pid, source);
      return next;
    }
    return undefined;
  }

  /** It has been accepted, or is none. */
  settle({ record: { srcPid } }: OfferedChannel): void {
    const source = this.#sourceOf(srcPid);
    source.isBeingClaimedFrom = false;
    source.backOff.succeed();
    this.#forgetIfDone(srcPid);
  }

  /** It is to be tried again: `'now'`, `'soon'` after others of its source, or `'later'` with all of its source. */
  putBack(offered: OfferedChannel, when: 'now' | 'soon' | 'later', now: number): void {
    const source = this.#sourceOf(offered.record.srcPid);
    source.isBeingClaimedFrom = false;
    if (when === 'soon') offered.backOff.fail(now);
    if (when === 'later') source.backOff.fail(now);
    if (when === 'soon') source.waiting.push(offered);
    else source.waiting.unshift(offered);
  }

  /** How long until a waiting channel may be tried; Infinity if there is none. */
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

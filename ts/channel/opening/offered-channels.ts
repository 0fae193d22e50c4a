import type { NativeOfferRecord } from '../../native.js';
import { BackOff } from '../waiting/back-off.js';

/** Of one process. What it offers beyond that stands with it, and is looked for when these have been taken. */
const MOST_OF_ONE_SOURCE = 128;
/** How many processes are kept in mind at once. Those beyond are looked for when half of these have had their turn. */
const MOST_SOURCES = 4096;

const TAKEN_MS = { first: 2, last: 10_000 };
const SOURCE_MS = { first: 50, last: 10_000 };
/** Offers of one series (of one copy of the library in its process) are numbered in the order in which they were made. */
const SERIES_SIZE = 2 ** 40;

/** A channel that is offered, and not accepted yet. */
export interface OfferedChannel {
  readonly record: NativeOfferRecord;
  readonly backOff: BackOff;
}

interface Source {
  readonly waiting: OfferedChannel[];
  readonly backOff: BackOff;
  /** By series: the last one that was kept. */
  readonly keptUpTo: Map<number, number>;
  hasMore: boolean;
  isBeingClaimedFrom: boolean;
}

/** What is to be accepted next: sources take turns, and of each one the first that may be tried. */
export class OfferedChannels {
  /** In the order of their turns. */
  readonly #sources = new Map<number, Source>();
  #missesSources = false;

  /** One that is offered now. */
  add(record: NativeOfferRecord): void {
    if (!this.#sources.has(record.srcPid) && this.#sources.size >= MOST_SOURCES) {
      this.#missesSources = true;
      return;
    }
    const source = this.#sourceOf(record.srcPid);
    source.hasMore ||= source.waiting.length >= MOST_OF_ONE_SOURCE;
    if (!source.hasMore) keep(source, record);
  }

  /** What stands with those of whom there were too many to keep them all. */
  refill(records: readonly NativeOfferRecord[]): void {
    const mayBeUnknown = this.#missesSources;
    this.#missesSources = false;
    const refilled = [...this.#sources].filter(([, source]) => isToBeRefilled(source));
    for (const [, source] of refilled) source.hasMore = false;
    for (const record of records) {
      const source = this.#sources.get(record.srcPid);
      const { series, number } = placeOf(record);
      if (source ? number > (source.keptUpTo.get(series) ?? -1) : mayBeUnknown) this.add(record);
    }
    for (const [pid] of refilled) this.#forgetIfDone(pid);
  }

  get needsRefill(): boolean {
    if (this.#missesSources && this.#sources.size <= MOST_SOURCES / 2) return true;
    for (const source of this.#sources.values()) if (isToBeRefilled(source)) return true;
    return false;
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

  /** How long until one that waits may be tried: Infinity when there is none. */
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
      source = { waiting: [], backOff, keptUpTo: new Map(), hasMore: false, isBeingClaimedFrom: false };
      this.#sources.set(pid, source);
    }
    return source;
  }

  #forgetIfDone(pid: number): void {
    const source = this.#sources.get(pid);
    if (source?.waiting.length === 0 && !source.hasMore && !source.isBeingClaimedFrom) this.#sources.delete(pid);
  }
}

function placeOf({ id }: NativeOfferRecord): { series: number; number: number } {
  return { series: Math.floor(id / SERIES_SIZE), number: id % SERIES_SIZE };
}

function keep(source: Source, record: NativeOfferRecord): void {
  const { series, number } = placeOf(record);
  source.keptUpTo.set(series, Math.max(number, source.keptUpTo.get(series) ?? -1));
  source.waiting.push({ record, backOff: new BackOff(TAKEN_MS.first, TAKEN_MS.last) });
}

function isToBeRefilled({ waiting, hasMore, isBeingClaimedFrom }: Source): boolean {
  return hasMore && waiting.length === 0 && !isBeingClaimedFrom;
}

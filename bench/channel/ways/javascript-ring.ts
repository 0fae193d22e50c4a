/**
 * The least that a ring in JavaScript does: a word that says how many messages there are, and one that says how many have been read.
 * It checks nothing, never sleeps, and carries bytes of one length. What a Channel that polls takes beyond this is its own doing;
 * what this takes beyond the ring in C is JavaScript's.
 */
import { allocate, incomingOffers, VMO_GRANT_R, VMO_GRANT_W, vmClaim, vmOffer, type Region } from 'vmoffer';
import type { End, Way } from '../end.js';
import { expectPatience } from '../patience.js';
import { expectStamped, stamp } from '../payload.js';
import { totalOf, type Run } from '../run.js';
import { startSecond } from '../second-process.js';
import { Ticks } from '../ticks.js';

/** A word to itself, so that no two words share a cache line, nor a pair of them. */
const WORD_BYTES = 128;
const SLOT_HEADER_BYTES = 8;
const LINE_BYTES = 64;
const NO_SLOT = new Uint8Array(0);

class OneWay {
  readonly #words: Int32Array;
  readonly #slots: readonly Uint8Array[];

  constructor(memory: ArrayBuffer, begin: number, run: Run) {
    this.#words = new Int32Array(memory, begin, (2 * WORD_BYTES) / 4);
    const first = begin + 2 * WORD_BYTES + SLOT_HEADER_BYTES;
    this.#slots = Array.from(
      { length: run.slots },
      (_, slot) => new Uint8Array(memory, first + slot * strideOf(run), run.byteLength),
    );
  }

  /** REQUIRES: a free slot. */
  put(number: number): void {
    stamp(this.#slotOf(number), number);
    Atomics.store(this.#words, 0, number + 1);
  }

  take(number: number, byteLength: number): void {
    for (let polls = 0; Atomics.load(this.#words, 0) === number; polls++) expectPatience(polls);
    expectStamped(this.#slotOf(number), byteLength, number);
  }

  setRead(count: number): void {
    Atomics.store(this.#words, WORD_BYTES / 4, count);
  }

  awaitRoomFor(number: number): void {
    const least = number - this.#slots.length;
    for (let polls = 0; Atomics.load(this.#words, WORD_BYTES / 4) <= least; polls++) expectPatience(polls);
  }

  #slotOf(number: number): Uint8Array {
    return this.#slots[number % this.#slots.length] ?? NO_SLOT;
  }
}

class JavaScriptRing implements End {
  readonly #region: Region;
  readonly #there: OneWay;
  readonly #back: OneWay;

  constructor(region: Region, run: Run, isFirst: boolean) {
    this.#region = region;
    const [first, second] = [0, bytesOfOneWay(run)].map((begin) => new OneWay(region.buffer, begin, run));
    if (first === undefined || second === undefined) throw new Error('a ring has two ways');
    this.#there = isFirst ? first : second;
    this.#back = isFirst ? second : first;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- it never waits
  async send(run: Run): Promise<void> {
    for (let number = 0; number < totalOf(run); number++) {
      this.#there.awaitRoomFor(number);
      this.#there.put(number);
    }
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- it never waits
  async receive(run: Run): Promise<number> {
    let number = 0;
    while (number < run.warmUp) this.#receiveOne(number++, run);
    const start = performance.now();
    while (number < totalOf(run)) this.#receiveOne(number++, run);
    return performance.now() - start;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- it never waits
  async ping(run: Run): Promise<number[]> {
    const ticks = new Ticks(run);
    for (let number = 0; number < totalOf(run); number++) {
      ticks.begin(number);
      this.#there.put(number);
      this.#back.take(number, run.byteLength);
      ticks.end(number);
    }
    return ticks.took;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- it never waits
  async pong(run: Run): Promise<void> {
    for (let number = 0; number < totalOf(run); number++) {
      this.#back.take(number, run.byteLength);
      this.#there.put(number);
    }
    this.#region.release();
  }

  #receiveOne(number: number, { byteLength }: Run): void {
    this.#back.take(number, byteLength);
    this.#back.setRead(number + 1);
  }
}

export const javaScriptRingWay: Way = {
  // eslint-disable-next-line @typescript-eslint/require-await -- the other process takes its time
  async openFirst(run: Run) {
    const { pid = 0 } = startSecond(run);
    const region = allocate(2 * bytesOfOneWay(run));
    vmOffer(pid, region, VMO_GRANT_R | VMO_GRANT_W);
    return new JavaScriptRing(region, run, true);
  },
  async openSecond(run: Run, firstPid: number) {
    for await (const { srcPid, address } of incomingOffers()) {
      if (srcPid !== firstPid) continue;
      const claim = await vmClaim(srcPid, address, { paging: 'eager' });
      return new JavaScriptRing(claim, run, false);
    }
    throw new Error('the other process has offered nothing');
  },
};

/** Slots begin on a cache line, as those of a Channel do. */
function strideOf({ byteLength }: Run): number {
  return Math.ceil((SLOT_HEADER_BYTES + byteLength) / LINE_BYTES) * LINE_BYTES;
}

/** Whole pages. */
function bytesOfOneWay(run: Run): number {
  return Math.ceil((2 * WORD_BYTES + run.slots * strideOf(run)) / 4096) * 4096;
}

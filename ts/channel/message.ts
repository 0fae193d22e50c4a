import type { Claim } from '../claim.js';
import type { RingReader } from './ring-reader.js';

/** One message, whole. It is there until the next one is asked for, or until `release()`. */
export interface Message {
  /**
   * The bytes, where they are: in the ring or, for what did not fit a slot, in memory of their own, whose pages arrive
   * when they are touched. They are there until `release()`, or until the next message is asked for; the array may then
   * show another message. A process that is not trusted can still write to the ring: copy first what must not change while
   * you look at it.
   *
   * @throws {VmoError} of a message that did not fit a slot and could not be claimed: the error of the claim.
   */
  readonly bytes: Uint8Array;
  /**
   * The memory itself, when a `Region` was sent; undefined when bytes were. Who reads this property takes it: from then on
   * it is his to release, and the message's `release()` leaves it alone.
   *
   * @throws {VmoError} as `bytes`.
   */
  readonly region: Claim | undefined;
  /** Gives the place of the bytes back, before the next message is asked for. Calling it again does nothing. */
  release(): void;
}

/** The message in one slot, made once for each slot and used every time round. */
export class SlotMessage implements Message {
  bytes: Uint8Array;
  readonly region = undefined;
  readonly #reader: RingReader;

  constructor(reader: RingReader, bytes: Uint8Array) {
    this.#reader = reader;
    this.bytes = bytes;
  }

  release(): void {
    this.#reader.release(this);
  }
}

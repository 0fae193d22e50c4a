import type { RingReader } from './ring-reader.js';

/** One message, whole. It is there until the next one is asked for, or until `release()`. */
export interface Message {
  /**
   * The bytes, where they are: in the ring, or, for what did not fit a slot, in memory of their own. The other process can
   * still write to the ring: copy first what you must not see change. After `release()`, or once the next message has been
   * asked for, they are another message's.
   */
  readonly bytes: Uint8Array;
  /** Gives the bytes' place back before the next message is asked for. Calling it again does nothing. */
  release(): void;
}

/** The message in one slot, made once for each slot and used every time round. */
export class SlotMessage implements Message {
  bytes: Uint8Array;
  readonly #reader: RingReader;

  constructor(reader: RingReader, bytes: Uint8Array) {
    this.#reader = reader;
    this.bytes = bytes;
  }

  release(): void {
    this.#reader.release(this);
  }
}

import { protocolError } from './protocol-error.js';
import {
  CLOSED_WORD,
  HEAD_WORD,
  KIND_BYTES,
  READER_SLEEPS_WORD,
  SLOT_HEADER_BYTES,
  TAIL_WORD,
  WRITER_SLEEPS_WORD,
  type RingLayout,
} from './layout.js';

/** Rings the other side's bell. */
export type Ring = () => void;

/**
 * The side of one ring that writes. What it knows itself (how far it has written, how much room there was when it last
 * looked) is kept here and not in the shared memory.
 *
 * An order to keep: the index is stored before the reader's sleep is looked at, both sequentially consistent, as the
 * reader stores its sleep before it looks at the index. So one of the two sees the other, and no wake-up is lost.
 */
export class RingWriter {
  readonly slotBytes: number;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #ring: Ring;
  readonly #slots: number;
  readonly #strideBytes: number;
  readonly #firstSlot: number;
  readonly #endOfSlots: number;
  readonly #headAt: number;
  readonly #tailAt: number;
  readonly #readerSleepsAt: number;
  readonly #writerSleepsAt: number;
  readonly #closedAt: number;
  /** How many messages have been written, modulo 2^32 and signed. */
  #head = 0;
  /** Slots known to be free. */
  #room = 0;
  /** Where the next message's slot begins. */
  #at: number;

  constructor(words: Int32Array, bytes: Uint8Array, layout: RingLayout, ring: Ring) {
    this.slotBytes = layout.slotBytes;
    this.#words = words;
    this.#bytes = bytes;
    this.#ring = ring;
    this.#slots = layout.slots;
    this.#strideBytes = layout.strideBytes;
    this.#firstSlot = layout.firstSlot;
    this.#endOfSlots = layout.firstSlot + layout.slots * layout.strideBytes;
    this.#headAt = layout.firstWord + HEAD_WORD;
    this.#tailAt = layout.firstWord + TAIL_WORD;
    this.#readerSleepsAt = layout.firstWord + READER_SLEEPS_WORD;
    this.#writerSleepsAt = layout.firstWord + WRITER_SLEEPS_WORD;
    this.#closedAt = layout.firstWord + CLOSED_WORD;
    this.#at = layout.firstSlot;
  }

  /**
   * Whether there is a free slot.
   *
   * @throws {VmoError} ERR_VMO_PROTOCOL when the reader has written what no reader writes.
   */
  hasRoom(): boolean {
    return this.#room > 0 || this.#findRoom();
  }

  /** Copies a message into a free slot. REQUIRES: hasRoom(), and it fits. */
  write(message: Uint8Array): void {
    this.put(message);
    this.publish();
  }

  /** The same, but the reader does not see it before publish(). */
  put(message: Uint8Array): void {
    this.#bytes.set(message, this.#at + SLOT_HEADER_BYTES);
    this.fill(message.length, KIND_BYTES);
  }

  /** The free slot's bytes. REQUIRES: hasRoom(). */
  slot(byteLength: number): Uint8Array {
    const begin = this.#at + SLOT_HEADER_BYTES;
    return this.#bytes.subarray(begin, begin + byteLength);
  }

  /** Says what the free slot holds, and goes on to the next one. REQUIRES: hasRoom(). */
  fill(byteLength: number, kind: number): void {
    const word = this.#at >> 2;
    this.#words[word] = byteLength;
    this.#words[word + 1] = kind;
    this.#head = (this.#head + 1) | 0;
    this.#room--;
    const next = this.#at + this.#strideBytes;
    this.#at = next === this.#endOfSlots ? this.#firstSlot : next;
  }

  /** Shows the reader all that has been filled. */
  publish(): void {
    Atomics.store(this.#words, this.#headAt, this.#head);
    if (Atomics.load(this.#words, this.#readerSleepsAt) !== 0) this.#wakeReader();
  }

  /** Nothing more will come. */
  close(): void {
    Atomics.store(this.#words, this.#closedAt, 1);
    this.#wakeReader();
  }

  /** Says that it sleeps until there is room. False when there is: then it need not. */
  prepareToSleep(): boolean {
    Atomics.store(this.#words, this.#writerSleepsAt, 1);
    if (!this.#findRoom()) return true;
    this.wakeUp();
    return false;
  }

  /** The reader need not ring any more. */
  wakeUp(): void {
    Atomics.store(this.#words, this.#writerSleepsAt, 0);
  }

  /** First the word, then the bell: the other way round would take back the sleep that follows the ring. */
  #wakeReader(): void {
    Atomics.store(this.#words, this.#readerSleepsAt, 0);
    this.#ring();
  }

  #findRoom(): boolean {
    const tail = Atomics.load(this.#words, this.#tailAt);
    const unread = (this.#head - tail) >>> 0;
    if (unread > this.#slots) throw protocolError(`has read ${tail >>> 0} messages of ${this.#head >>> 0}`);
    this.#room = this.#slots - unread;
    return this.#room > 0;
  }
}

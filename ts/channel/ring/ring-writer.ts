import { DESCRIPTION_BYTES, writeDescription, type Description } from '../enclosed/enclosure.js';
import { protocolError } from '../protocol-error.js';
import {
  CLOSED_WORD,
  HEAD_WORD,
  KIND_BYTES,
  type KIND_LARGE,
  type KIND_REGION,
  READER_SLEEPS_WORD,
  SLOT_HEADER_BYTES,
  TAIL_WORD,
  WRITER_SLEEPS_WORD,
  type RingLayout,
} from './layout.js';

/**
 * The writing side of one ring. Its own state (how far it has written, how much room there was at the last look) is kept
 * here, where the other process cannot change it, and not in the shared memory.
 *
 * The order matters: the writer stores the index before it reads whether the reader sleeps, and the reader stores that it
 * sleeps before it reads the index. All four are sequentially consistent. So at least one of the two sees the other's store,
 * and no wake-up is lost.
 */
export class RingWriter {
  readonly slotBytes: number;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #wakeOther: () => void;
  readonly #slots: number;
  readonly #strideBytes: number;
  readonly #firstSlot: number;
  readonly #headAt: number;
  readonly #tailAt: number;
  readonly #readerSleepsAt: number;
  readonly #writerSleepsAt: number;
  readonly #closedAt: number;
  /** Indexed by slot; each is made when its slot is first reserved. */
  readonly #reservations: (Uint8Array | undefined)[];
  /** How many messages have been written, modulo 2^32 and signed. */
  #head = 0;
  /** How many slots are known to be free. */
  #room: number;
  /** The slot of the next message, and the byte at which that begins. */
  #slot = 0;
  #at: number;
  #reserved: Uint8Array | undefined;

  constructor(words: Int32Array, bytes: Uint8Array, layout: RingLayout, wakeOther: () => void) {
    this.slotBytes = layout.slotBytes;
    this.#words = words;
    this.#bytes = bytes;
    this.#wakeOther = wakeOther;
    this.#slots = layout.slots;
    this.#strideBytes = layout.strideBytes;
    this.#firstSlot = layout.firstSlot;
    this.#reservations = new Array<Uint8Array | undefined>(layout.slots).fill(undefined);
    this.#headAt = layout.firstWord + HEAD_WORD;
    this.#tailAt = layout.firstWord + TAIL_WORD;
    this.#readerSleepsAt = layout.firstWord + READER_SLEEPS_WORD;
    this.#writerSleepsAt = layout.firstWord + WRITER_SLEEPS_WORD;
    this.#closedAt = layout.firstWord + CLOSED_WORD;
    this.#at = layout.firstSlot;
    this.#room = layout.slots;
  }

  /**
   * Whether there is a free slot.
   *
   * @throws {VmoError} ERR_VMO_PROTOCOL if the reader has written a value that no reader writes.
   */
  hasRoom(): boolean {
    return this.#room > 0 || this.#findRoom();
  }

  /** Copies a message into a free slot. REQUIRES: hasRoom(), and it fits. */
  write(message: Uint8Array): void {
    this.put(message);
    this.publish();
  }

  /** As write(), but the reader does not see the message before publish(). */
  put(message: Uint8Array): void {
    this.#bytes.set(message, this.#at + SLOT_HEADER_BYTES);
    this.#fill(message.length, KIND_BYTES);
  }

  /** Describes an enclosure in a free slot. As with put(), the reader does not see it before publish(). REQUIRES: hasRoom(). */
  enclose(description: Description, kind: typeof KIND_REGION | typeof KIND_LARGE): void {
    writeDescription(this.#words, (this.#at + SLOT_HEADER_BYTES) >> 2, description);
    this.#fill(DESCRIPTION_BYTES, kind);
  }

  /** The bytes of a free slot, for the program to write to. REQUIRES: hasRoom(), and the length fits a slot. */
  reserve(byteLength: number): Uint8Array {
    const known = this.#reservations[this.#slot];
    const bytes = known?.length === byteLength ? known : this.#reservationOf(byteLength);
    this.#reserved = bytes;
    return bytes;
  }

  /** How many bytes are reserved; undefined if none are, or if something else has been written since. */
  get reservedBytes(): number | undefined {
    return this.#reserved?.length;
  }

  /** Publishes the first `byteLength` reserved bytes. REQUIRES: at least that many are reserved. */
  commit(byteLength: number): void {
    this.#fill(byteLength, KIND_BYTES);
    this.publish();
  }

  /** Makes every filled slot visible to the reader. */
  publish(): void {
    Atomics.store(this.#words, this.#headAt, this.#head);
    if (Atomics.load(this.#words, this.#readerSleepsAt) !== 0) this.#wakeReader();
  }

  /**
   * Marks the end, and rings even if the reader does not sleep in this ring: that side may wait for room in the other ring, and
   * must learn of the end.
   */
  close(): void {
    Atomics.store(this.#words, this.#closedAt, 1);
    this.#wakeReader();
  }

  /** Looks for room, up to `looks` times. */
  glance(looks: number): boolean {
    for (let left = looks; left > 0; left--) if (this.#findRoom()) return true;
    return false;
  }

  /** Announces that the writer sleeps. Returns false if there is room, so that it need not sleep. */
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

  /** The word is cleared before the bell rings. The other way round, it could erase the reader's next sleep, after that ring. */
  #wakeReader(): void {
    Atomics.store(this.#words, this.#readerSleepsAt, 0);
    this.#wakeOther();
  }

  #findRoom(): boolean {
    const tail = Atomics.load(this.#words, this.#tailAt);
    const unread = (this.#head - tail) >>> 0;
    const room = this.#slots - unread;
    if (unread > this.#slots || room < this.#room) {
      throw protocolError(`has read ${tail >>> 0} messages of ${this.#head >>> 0}`);
    }
    this.#room = room;
    return room > 0;
  }

  /** Writes the header of the free slot, and moves on to the next one. */
  #fill(byteLength: number, kind: number): void {
    const word = this.#at >> 2;
    this.#words[word] = byteLength;
    this.#words[word + 1] = kind;
    this.#reserved = undefined;
    this.#head = (this.#head + 1) | 0;
    this.#room--;
    const next = this.#slot + 1;
    this.#slot = next === this.#slots ? 0 : next;
    this.#at = this.#slot === 0 ? this.#firstSlot : this.#at + this.#strideBytes;
  }

  #reservationOf(byteLength: number): Uint8Array {
    const begin = this.#at + SLOT_HEADER_BYTES;
    const bytes = this.#bytes.subarray(begin, begin + byteLength);
    this.#reservations[this.#slot] = bytes;
    return bytes;
  }
}

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
import { SlotMessage } from './message.js';
import { protocolError } from './protocol-error.js';
import type { Ring } from './ring-writer.js';

/** The side of one ring that reads; see RingWriter for the order of its steps. */
export class RingReader {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #ring: Ring;
  readonly #slots: number;
  readonly #slotBytes: number;
  readonly #strideBytes: number;
  readonly #firstSlot: number;
  readonly #headAt: number;
  readonly #tailAt: number;
  readonly #readerSleepsAt: number;
  readonly #writerSleepsAt: number;
  readonly #closedAt: number;
  /** By slot, made when the slot is first used. */
  readonly #messages: (SlotMessage | undefined)[];
  /** How many messages have been read and given back, modulo 2^32 and signed. */
  #tail = 0;
  /** Messages known to be there, the held one included. */
  #known = 0;
  #slot = 0;
  #held: SlotMessage | undefined;

  constructor(words: Int32Array, bytes: Uint8Array, layout: RingLayout, ring: Ring) {
    this.#words = words;
    this.#bytes = bytes;
    this.#ring = ring;
    this.#slots = layout.slots;
    this.#slotBytes = layout.slotBytes;
    this.#strideBytes = layout.strideBytes;
    this.#firstSlot = layout.firstSlot;
    this.#headAt = layout.firstWord + HEAD_WORD;
    this.#tailAt = layout.firstWord + TAIL_WORD;
    this.#readerSleepsAt = layout.firstWord + READER_SLEEPS_WORD;
    this.#writerSleepsAt = layout.firstWord + WRITER_SLEEPS_WORD;
    this.#closedAt = layout.firstWord + CLOSED_WORD;
    this.#messages = new Array<SlotMessage | undefined>(layout.slots).fill(undefined);
  }

  /**
   * The next message, or undefined when there is none now. The one before is given back.
   *
   * @throws {VmoError} ERR_VMO_PROTOCOL when the writer has written what no writer writes.
   */
  read(): SlotMessage | undefined {
    if (this.#held !== undefined) this.#giveBack();
    if (this.#known === 0 && !this.#look()) return undefined;
    const at = this.#firstSlot + this.#slot * this.#strideBytes;
    const length = this.#words[at >> 2] as number;
    const kind = this.#words[(at >> 2) + 1] as number;
    if (kind !== KIND_BYTES || length >>> 0 > this.#slotBytes) throw this.#strange(length, kind);
    let message = this.#messages[this.#slot];
    if (message?.bytes.length !== length) message = this.#messageOf(at, length);
    this.#held = message;
    return message;
  }

  hasMessage(): boolean {
    return this.#known > (this.#held === undefined ? 0 : 1) || this.#look();
  }

  release(message: SlotMessage): void {
    if (this.#held === message) this.#giveBack();
  }

  /** True when the writer will write no more; what it has written may still be here. */
  isClosed(): boolean {
    const closed = Atomics.load(this.#words, this.#closedAt);
    if (closed !== 0 && closed !== 1) throw protocolError(`has put ${closed} where 1 says that it has closed`);
    return closed === 1;
  }

  /** Says that it sleeps until there is something to read. False when there is, or the end: then it need not. */
  prepareToSleep(): boolean {
    Atomics.store(this.#words, this.#readerSleepsAt, 1);
    if (!this.isClosed() && !this.hasMessage()) return true;
    this.wakeUp();
    return false;
  }

  /** The writer need not ring any more. */
  wakeUp(): void {
    Atomics.store(this.#words, this.#readerSleepsAt, 0);
  }

  #giveBack(): void {
    this.#held = undefined;
    this.#known--;
    const next = this.#slot + 1;
    this.#slot = next === this.#slots ? 0 : next;
    this.#tail = (this.#tail + 1) | 0;
    Atomics.store(this.#words, this.#tailAt, this.#tail);
    if (Atomics.load(this.#words, this.#writerSleepsAt) !== 0) this.#wakeWriter();
  }

  #wakeWriter(): void {
    Atomics.store(this.#words, this.#writerSleepsAt, 0);
    this.#ring();
  }

  #look(): boolean {
    const head = Atomics.load(this.#words, this.#headAt);
    const unread = (head - this.#tail) >>> 0;
    if (unread > this.#slots)
      throw protocolError(`has written ${head >>> 0} messages, of which ${this.#tail >>> 0} have been read`);
    this.#known = unread;
    return this.#held === undefined ? unread > 0 : unread > 1;
  }

  #messageOf(at: number, length: number): SlotMessage {
    const begin = at + SLOT_HEADER_BYTES;
    const bytes = this.#bytes.subarray(begin, begin + length);
    const known = this.#messages[this.#slot];
    if (known !== undefined) {
      known.bytes = bytes;
      return known;
    }
    const message = new SlotMessage(this, bytes);
    this.#messages[this.#slot] = message;
    return message;
  }

  #strange(length: number, kind: number): Error {
    return protocolError(`has written a message of kind ${kind} and ${length} bytes into a slot of ${this.#slotBytes}`);
  }
}

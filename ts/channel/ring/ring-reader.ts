import type { ClaimsAhead } from '../enclosed/claims-ahead.js';
import type { EnclosedMessage } from '../enclosed/enclosed-message.js';
import { DESCRIPTION_BYTES } from '../enclosed/enclosure.js';
import type { Message } from '../message.js';
import { protocolError } from '../protocol-error.js';
import {
  CLOSED_WORD,
  HEAD_WORD,
  KIND_BYTES,
  KIND_LARGE,
  KIND_REGION,
  READER_SLEEPS_WORD,
  SLOT_HEADER_BYTES,
  TAIL_WORD,
  WRITER_SLEEPS_WORD,
  type RingLayout,
} from './layout.js';
import { SlotMessage } from './slot-message.js';

/**
 * The reading side of one ring; RingWriter explains the order of the steps. Every method that reads shared memory throws
 * ERR_VMO_PROTOCOL if it finds a value that no writer writes.
 */
export class RingReader {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #wakeOther: () => void;
  readonly #claims: ClaimsAhead;
  readonly #slots: number;
  readonly #slotBytes: number;
  readonly #strideBytes: number;
  readonly #firstSlot: number;
  readonly #headAt: number;
  readonly #tailAt: number;
  readonly #readerSleepsAt: number;
  readonly #writerSleepsAt: number;
  readonly #closedAt: number;
  /** Indexed by slot; each is made when its slot is first used. */
  readonly #messages: (SlotMessage | undefined)[];
  /** How many messages have been given back, modulo 2^32 and signed. */
  #tail = 0;
  /** How many messages are known to be there, including the held one. */
  #known = 0;
  /** The slot of the first known message. */
  #slot = 0;
  #held: Message | undefined;
  /** The held message, if it is an enclosed one. */
  #enclosed: EnclosedMessage | undefined;
  /** The number of the first message that has not yet been checked for an enclosure to claim. */
  #foreseen = 0;

  constructor(words: Int32Array, bytes: Uint8Array, layout: RingLayout, wakeOther: () => void, claims: ClaimsAhead) {
    this.#words = words;
    this.#bytes = bytes;
    this.#wakeOther = wakeOther;
    this.#claims = claims;
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

  /** Gives the held message back, and returns the next one; undefined if there is none now. */
  read(): Message | undefined {
    if (this.#held !== undefined) this.#giveBack();
    if (this.#known === 0 && !this.#look()) return undefined;
    const at = this.#firstSlot + this.#slot * this.#strideBytes;
    const word = at >> 2;
    const length = this.#words[word] ?? 0;
    const kind = this.#words[word + 1] ?? 0;
    if (kind !== KIND_BYTES || length >>> 0 > this.#slotBytes) return this.#readEnclosed(length, kind);
    const known = this.#messages[this.#slot];
    const message = known?.bytes.length === length ? known : this.#messageIn(at, length);
    this.#held = message;
    return message;
  }

  /** Gives the held message back, and returns whether read() would return a message. */
  isReady(): boolean {
    if (!this.hasAny()) return false;
    const word = this.#wordOf(this.#tail);
    if (this.#words[word + 1] === KIND_BYTES) return true;
    this.#foresee();
    return this.#claims.peek(this.#tail) !== undefined;
  }

  /** Gives the held message back, and returns whether the ring holds another, even if its claim is still under way. */
  hasAny(): boolean {
    if (this.#held !== undefined) this.#giveBack();
    return this.#known > 0 || this.#look();
  }

  /** Whether the writer has closed. Unread messages may remain. */
  isClosed(): boolean {
    const closed = Atomics.load(this.#words, this.#closedAt);
    if (closed !== 0 && closed !== 1) throw protocolError(`has put ${closed} where 1 says that it has closed`);
    return closed === 1;
  }

  /** Whether the writer has closed and everything has been read. The mark is read first: nothing is written after it. */
  isAtEnd(): boolean {
    return this.isClosed() && !this.hasAny();
  }

  /** Looks for a message, up to `looks` times. */
  glance(looks: number): boolean {
    for (let left = looks; left > 0; left--) if (this.#look()) return true;
    return false;
  }

  /** Announces that the reader sleeps. Returns false if a message is ready or the end is reached, so that it need not sleep. */
  prepareToSleep(): boolean {
    Atomics.store(this.#words, this.#readerSleepsAt, 1);
    if (!this.isAtEnd() && !this.isReady()) return true;
    this.wakeUp();
    return false;
  }

  /** The writer need not ring any more. */
  wakeUp(): void {
    Atomics.store(this.#words, this.#readerSleepsAt, 0);
  }

  readonly #release = (message: Message): void => {
    if (this.#held === message) this.#giveBack();
  };

  /** Gives the slot of the held message back to the writer. REQUIRES: there is a held message. */
  #giveBack(): void {
    this.#held = undefined;
    if (this.#enclosed !== undefined) this.#dropEnclosed();
    this.#known--;
    const next = this.#slot + 1;
    this.#slot = next === this.#slots ? 0 : next;
    this.#tail = (this.#tail + 1) | 0;
    Atomics.store(this.#words, this.#tailAt, this.#tail);
    if (Atomics.load(this.#words, this.#writerSleepsAt) !== 0) this.#wakeWriter();
  }

  /** The word is cleared before the bell rings. The other way round, it could erase the writer's next sleep, after that ring. */
  #wakeWriter(): void {
    Atomics.store(this.#words, this.#writerSleepsAt, 0);
    this.#wakeOther();
  }

  #look(): boolean {
    const head = Atomics.load(this.#words, this.#headAt);
    const unread = (head - this.#tail) >>> 0;
    if (unread > this.#slots || unread < this.#known) {
      throw protocolError(`has written ${head >>> 0} messages, of which ${this.#tail >>> 0} have been read`);
    }
    this.#known = unread;
    return unread > 0;
  }

  #messageIn(at: number, length: number): SlotMessage {
    const begin = at + SLOT_HEADER_BYTES;
    const bytes = this.#bytes.subarray(begin, begin + length);
    const known = this.#messages[this.#slot];
    if (known !== undefined) {
      known.bytes = bytes;
      return known;
    }
    const message = new SlotMessage(bytes, this.#release);
    this.#messages[this.#slot] = message;
    return message;
  }

  #readEnclosed(length: number, kind: number): Message | undefined {
    this.#checkEnclosed(length, kind);
    this.#foresee();
    const message = this.#claims.peek(this.#tail);
    if (message === undefined) return undefined;
    this.#claims.take();
    this.#held = message;
    this.#enclosed = message;
    return message;
  }

  #dropEnclosed(): void {
    this.#enclosed?.drop();
    this.#enclosed = undefined;
  }

  /** Begins the claims of known messages, as many as may be under way at once. */
  #foresee(): void {
    if ((this.#foreseen - this.#tail) >>> 0 > this.#known) this.#foreseen = this.#tail;
    this.#look();
    while (this.#claims.hasRoom && (this.#foreseen - this.#tail) >>> 0 < this.#known) {
      const index = this.#foreseen;
      this.#foreseen = (index + 1) | 0;
      const word = this.#wordOf(index);
      const length = this.#words[word] ?? 0;
      const kind = this.#words[word + 1] ?? 0;
      if (kind === KIND_BYTES) continue;
      this.#checkEnclosed(length, kind);
      this.#claims.begin(index, this.#words, word + SLOT_HEADER_BYTES / 4, kind === KIND_REGION, this.#release);
    }
  }

  #wordOf(index: number): number {
    const slot = (this.#slot + ((index - this.#tail) >>> 0)) % this.#slots;
    return (this.#firstSlot + slot * this.#strideBytes) >> 2;
  }

  #checkEnclosed(length: number, kind: number): void {
    const isEnclosed = (kind === KIND_REGION || kind === KIND_LARGE) && length === DESCRIPTION_BYTES;
    if (isEnclosed) return;
    throw protocolError(`has written a message of kind ${kind} and ${length} bytes into a slot of ${this.#slotBytes}`);
  }
}

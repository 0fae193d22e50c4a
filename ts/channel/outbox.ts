import { invalidArgument } from '../errors.js';
import { checkFlags } from '../flags.js';
import { describeValue } from '../validate.js';
import { extentOf, type OfferableMemory } from '../vm-offer.js';
import { closedError, tooManyWaitingError } from './channel-errors.js';
import type { SentEnclosures } from './enclosed/sent-enclosures.js';
import type { WhenFull } from './options.js';
import { KIND_LARGE, KIND_REGION } from './ring/layout.js';
import type { RingWriter } from './ring/ring-writer.js';
import { Lookout, type Whereabouts } from './waiting/lookout.js';
import { Turns } from './waiting/turns.js';
import { VainAttempts } from './waiting/vain-attempts.js';
import { Waiters } from './waiting/waiters.js';

type Outgoing = { bytes: Uint8Array } | { memory: OfferableMemory; flags: number };

interface Waiting {
  outgoing: Outgoing;
  resolve: (isSent: true) => void;
  reject: (reason: unknown) => void;
}

/** What an outbox needs from its channel. */
export interface OutboxHost {
  /** A wait has begun, or may have ended. */
  onWaiting(): void;
  /** Checks at once, without the event loop, whether the other side is still there. */
  lookAtPeer(): void;
  /** Looks again for everything that this side may wait for. */
  lookAgain(): void;
}

/** The sending half of one side of a channel. Its ERR_VMO_PROTOCOL errors are always the other side's fault. */
export class Outbox {
  readonly #writer: RingWriter;
  readonly #slotBytes: number;
  readonly #slots: number;
  readonly #enclosures: SentEnclosures;
  readonly #whenFull: WhenFull;
  readonly #host: OutboxHost;
  readonly #queue: Waiting[] = [];
  readonly #waiters = new Waiters();
  readonly #lookout: Lookout;
  readonly #turns = new Turns();
  readonly #vainAttempts: VainAttempts;
  #owesTurn = false;
  /** True if nothing but a full ring can stop the next message. */
  #isFlowing = true;
  #refusal: Error | undefined;
  #whenDone: (() => void) | undefined;
  #hasMarkedEnd = false;
  #hasFailed = false;

  constructor(
    writer: RingWriter,
    slots: number,
    enclosures: SentEnclosures,
    whereabouts: Whereabouts,
    whenFull: WhenFull,
    host: OutboxHost,
  ) {
    this.#writer = writer;
    this.#slotBytes = writer.slotBytes;
    this.#slots = slots;
    this.#enclosures = enclosures;
    this.#whenFull = whenFull;
    this.#host = host;
    this.#lookout = new Lookout((looks) => writer.glance(looks), whereabouts);
    this.#vainAttempts = new VainAttempts(() => {
      host.lookAtPeer();
    });
  }

  get isWaitedFor(): boolean {
    return this.#queue.length > 0 || this.#waiters.size > 0 || this.#whenDone !== undefined;
  }

  send(message: unknown, flags: unknown): boolean | Promise<boolean> {
    const isPlain = message instanceof Uint8Array && flags === undefined && message.length <= this.#slotBytes;
    if (isPlain && this.#isFlowing && this.#writer.hasRoom()) {
      this.#writer.write(message);
      return true;
    }
    return this.#sendOtherwise(message, flags);
  }

  /** Writes as many messages as there is room for, publishes them together, and returns how many there were. */
  sendMany(messages: readonly unknown[]): number | Promise<number> {
    this.#throwRefusal();
    const sent = this.#putMany(messages);
    if (sent === messages.length || this.#whenFull === 'fail') return sent;
    const rest = messages.slice(sent).map((message) => this.#wait(toOutgoing(message, undefined)));
    return Promise.all(rest).then(() => messages.length);
  }

  reserve(byteLength: unknown): Uint8Array | undefined {
    this.#throwRefusal();
    this.#checkSlotLength(byteLength, this.#slotBytes);
    return this.#isFlowing && this.#writer.hasRoom() ? this.#writer.reserve(byteLength) : undefined;
  }

  commit(byteLength: unknown): void {
    this.#throwRefusal();
    const reserved = this.#writer.reservedBytes;
    if (reserved === undefined) {
      throw invalidArgument('nothing is reserved; call reserve() first, and commit() before anything else is sent');
    }
    if (byteLength !== undefined) this.#checkSlotLength(byteLength, reserved);
    this.#writer.commit(byteLength ?? reserved);
  }

  async writable(signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      signal?.throwIfAborted();
      this.#throwRefusal();
      if (this.#isFlowing && (this.#writer.hasRoom() || this.#lookForRoom())) return;
      const woken = this.#waiters.wait(signal);
      this.#beginToWait();
      try {
        await woken;
      } finally {
        this.#host.onWaiting();
      }
    }
  }

  /** The ring may have room again. */
  wake(): void {
    if (!this.isWaitedFor || this.#hasMarkedEnd) return;
    this.#turns.note();
    this.#writer.wakeUp();
    if (this.#writer.hasRoom()) this.#lookout.onWoken(this.#turns.lastAt);
    this.#flush();
    this.#waiters.wake();
    this.#prepareToSleep();
  }

  /** Takes no more messages. Calls `whenDone` when those taken before are in the ring, and the enclosed ones are claimed. */
  close(whenDone: () => void): void {
    this.#isFlowing = false;
    this.#refusal ??= closedError();
    this.#whenDone = whenDone;
    this.#waiters.wake();
    this.finishIfDone();
  }

  /** The other side will read nothing more. */
  fail(refusal: Error): void {
    this.#isFlowing = false;
    this.#refusal ??= refusal;
    this.#hasMarkedEnd = true;
    this.#hasFailed = true;
    for (const { reject } of this.#queue.splice(0)) reject(refusal);
    this.#waiters.wake();
    this.#enclosures.cancel();
    this.#whenDone?.();
  }

  finishIfDone(): void {
    if (this.#whenDone === undefined || this.#queue.length > 0) return;
    if (!this.#hasMarkedEnd) this.#writer.close();
    this.#hasMarkedEnd = true;
    if (this.#hasFailed || this.#enclosures.isEmpty) this.#whenDone();
  }

  #sendOtherwise(message: unknown, flags: unknown): boolean | Promise<boolean> {
    this.#throwRefusal();
    const outgoing = toOutgoing(message, flags);
    if (this.#isFlowing && (this.#writer.hasRoom() || (this.#whenFull === 'wait' && this.#lookForRoom()))) {
      this.#put(outgoing);
      this.#writer.publish();
      return true;
    }
    return this.#whenFull === 'wait' ? this.#wait(outgoing) : this.#sendInVain();
  }

  #putMany(messages: readonly unknown[]): number {
    let count = 0;
    try {
      while (count < messages.length && this.#isFlowing && this.#writer.hasRoom()) {
        const message = messages[count];
        if (message instanceof Uint8Array && message.length <= this.#slotBytes) this.#writer.put(message);
        else this.#put(toOutgoing(message, undefined));
        count++;
      }
    } finally {
      if (count > 0) this.#writer.publish();
    }
    return count;
  }

  #sendInVain(): false {
    this.#vainAttempts.note();
    this.#throwRefusal();
    return false;
  }

  #put(outgoing: Outgoing): void {
    if ('memory' in outgoing) {
      const { memory, flags } = outgoing;
      this.#writer.enclose(this.#enclosures.offerRegion(extentOf(memory), flags), KIND_REGION);
    } else if (outgoing.bytes.length > this.#slotBytes) {
      this.#writer.enclose(this.#enclosures.offerCopy(outgoing.bytes), KIND_LARGE);
    } else {
      this.#writer.put(outgoing.bytes);
    }
  }

  #wait(outgoing: Outgoing): Promise<true> {
    if (this.#queue.length >= this.#slots) throw tooManyWaitingError(this.#queue.length);
    // The caller may change the array as soon as send() returns.
    const kept = 'bytes' in outgoing ? { bytes: new Uint8Array(outgoing.bytes) } : outgoing;
    this.#isFlowing = false;
    return new Promise((resolve, reject) => {
      this.#queue.push({ outgoing: kept, resolve, reject });
      if (this.#queue.length === 1) this.#beginToWait();
    });
  }

  #flush(): void {
    while (this.#queue.length > 0 && this.#writer.hasRoom()) {
      const first = this.#queue.shift();
      if (first) this.#putWaiting(first);
    }
    this.#isFlowing = this.#queue.length === 0 && this.#refusal === undefined;
    this.finishIfDone();
  }

  #putWaiting({ outgoing, resolve, reject }: Waiting): void {
    try {
      this.#put(outgoing);
      this.#writer.publish();
      resolve(true);
    } catch (error) {
      reject(error);
    }
  }

  #beginToWait(): void {
    this.#lookout.giveUp();
    if (this.#owesTurn) this.#giveTurn();
    else this.#prepareToSleep();
  }

  #giveTurn(): void {
    this.#owesTurn = false;
    setImmediate(() => {
      this.#host.lookAgain();
    });
    this.#host.onWaiting();
  }

  /** Sends while there is room. Returns when this side may sleep, or has nothing left to wait for. */
  #prepareToSleep(): void {
    while ((this.#queue.length > 0 || this.#waiters.size > 0) && !this.#writer.prepareToSleep()) {
      this.#flush();
      this.#waiters.wake();
    }
    this.#host.onWaiting();
  }

  /** A sender that finds room each time must still give the rest of the program its turn. */
  #lookForRoom(): boolean {
    this.#owesTurn = this.#turns.isDue();
    return !this.#owesTurn && this.#lookout.look();
  }

  #checkSlotLength(value: unknown, limit: number): asserts value is number {
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= limit) return;
    throw invalidArgument(
      `byteLength must be an integer from 0 to ${limit}, got ${describeValue(value)}; what does not fit a slot goes with send()`,
    );
  }

  #throwRefusal(): void {
    if (this.#refusal) throw this.#refusal;
  }
}

function toOutgoing(message: unknown, flags: unknown): Outgoing {
  if (flags !== undefined) {
    checkFlags(flags);
    extentOf(message);
    return { memory: message as OfferableMemory, flags };
  }
  if (message instanceof Uint8Array) return { bytes: message };
  if (ArrayBuffer.isView(message)) {
    return { bytes: new Uint8Array(message.buffer, message.byteOffset, message.byteLength) };
  }
  throw invalidArgument(
    `a message must be a Uint8Array or another view of bytes, or a Region with flags that say what the receiver gets, got ${describeValue(message)}`,
  );
}

import type { Message } from './message.js';
import type { RingReader } from './ring/ring-reader.js';
import { Lookout, type Whereabouts } from './waiting/lookout.js';
import { Turns } from './waiting/turns.js';
import { VainAttempts } from './waiting/vain-attempts.js';
import { Waiters } from './waiting/waiters.js';

const READY = Promise.resolve(true);
/** About as long as waking both sides takes. So two sides that have been sleeping can go back to looking. */
const LONGEST_LOOK_MS = 0.1;

/** What an inbox needs from its channel. */
export interface InboxHost {
  /** The first reader has begun to wait, or the last one has stopped. */
  onWaiting(): void;
  /** Checks at once, without the event loop, whether the other side is still there. */
  lookAtPeer(): void;
  /** Everything has been received, and nothing more will come. */
  onDrained(): void;
  /** Breaks the channel if `error` is a protocol error of the other side. Returns the error to throw. */
  judge(error: unknown): unknown;
}

/** The receiving half of one side of a channel. */
export class Inbox {
  readonly turns = new Turns();
  readonly #reader: RingReader;
  readonly #host: InboxHost;
  readonly #waiters = new Waiters();
  readonly #lookout: Lookout;
  readonly #vainLooks: VainAttempts;
  #isOpen = true;
  #isPeerDone = false;
  /** Thrown after the last message, in place of a normal end. */
  #failure: Error | undefined;

  constructor(reader: RingReader, whereabouts: Whereabouts, host: InboxHost) {
    this.#reader = reader;
    this.#host = host;
    this.#lookout = new Lookout((looks) => reader.glance(looks), whereabouts, LONGEST_LOOK_MS);
    this.#vainLooks = new VainAttempts(() => {
      host.lookAtPeer();
    });
  }

  get isWaitedFor(): boolean {
    return this.#waiters.size > 0;
  }

  /** Whether nothing more will be received. */
  get isOver(): boolean {
    return !this.#isOpen;
  }

  receive(): Message | undefined {
    if (!this.#isOpen) return this.#nothing();
    try {
      return this.#reader.read() ?? this.#lookFurther();
    } catch (error) {
      throw this.#host.judge(error);
    }
  }

  /** As receive(), after a short look for a message that is about to arrive. The rest of the program waits during the look. */
  receiveSoon(): Message | undefined {
    return this.#lookForMessage() ? this.receive() : undefined;
  }

  /** Resolves to true when there is a message, to false at the end. */
  readable(signal: AbortSignal | undefined): Promise<boolean> {
    const isTurnDue = this.turns.isDue();
    try {
      if (this.#isOpen && !isTurnDue && signal?.aborted !== true && this.#isReadySoon()) return READY;
    } catch (error) {
      return Promise.reject(this.#host.judge(error));
    }
    return isTurnDue ? this.#waitAfterTurn(signal) : this.wait(signal);
  }

  /** As readable(), without the first look. */
  async wait(signal: AbortSignal | undefined): Promise<boolean> {
    try {
      for (;;) {
        signal?.throwIfAborted();
        if (!this.#isOpen || this.#isAtEnd()) return this.#nothing() !== undefined;
        if (this.#reader.isReady()) return true;
        if (this.#lookout.goesOn) await this.#lookOn();
        else if (this.#reader.prepareToSleep()) await this.#sleep(signal);
      }
    } catch (error) {
      throw this.#host.judge(error);
    }
  }

  wake(): void {
    if (this.#waiters.size === 0) return;
    if (this.#isOpen) this.#reader.wakeUp();
    this.#waiters.wake();
  }

  /** The other side will write nothing more: it has closed, or it is gone if there is a `failure`. */
  onPeerDone(failure: Error | undefined): void {
    this.#isPeerDone = true;
    this.#failure = failure;
    this.wake();
  }

  /** Stops receiving. If there is a `failure`, receive() throws it from now on. */
  close(failure?: Error): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#failure = failure;
    this.#waiters.wake();
  }

  async #waitAfterTurn(signal: AbortSignal | undefined): Promise<boolean> {
    await this.turns.give();
    return this.wait(signal);
  }

  #isReadySoon(): boolean {
    return this.#reader.isReady() || (this.#lookForMessage() && this.#reader.isReady());
  }

  #lookForMessage(): boolean {
    try {
      return this.#isOpen && !this.#reader.hasAny() && this.#lookout.look();
    } catch (error) {
      throw this.#host.judge(error);
    }
  }

  async #lookOn(): Promise<void> {
    await this.turns.give();
    if (this.#isOpen) this.#lookout.lookOn();
  }

  async #sleep(signal: AbortSignal | undefined): Promise<void> {
    const woken = this.#waiters.wait(signal);
    this.#lookout.giveUp();
    this.#host.onWaiting();
    try {
      await woken;
    } finally {
      this.turns.note();
      this.#host.onWaiting();
    }
    if (this.#isOpen && this.#reader.hasAny()) this.#lookout.onWoken(this.turns.lastAt);
  }

  #lookFurther(): Message | undefined {
    if (!this.#isPeerDone) this.#vainLooks.note();
    return this.#isAtEnd() ? this.#nothing() : undefined;
  }

  /** The mark of the end is read before the index: then every message that was written before the mark is seen. */
  #isAtEnd(): boolean {
    if (!this.#isPeerDone && !this.#reader.isClosed()) return false;
    if (this.#reader.hasAny()) return false;
    this.close(this.#failure);
    this.#host.onDrained();
    return true;
  }

  #nothing(): Message | undefined {
    if (this.#failure) throw this.#failure;
    return undefined;
  }
}

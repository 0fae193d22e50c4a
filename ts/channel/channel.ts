import { checkPid } from '../validate.js';
import type { OfferableMemory } from '../vm-offer.js';
import { acceptAll, acceptOne } from './accept.js';
import { isProtocolError, peerClosedError, peerGoneError } from './channel-errors.js';
import { ClaimsAhead } from './claims-ahead.js';
import { Inbox } from './inbox.js';
import { otherSide, ringWrittenBy } from './layout.js';
import { MessageIterator } from './message-iterator.js';
import type { Message } from './message.js';
import { offerRings } from './offer-rings.js';
import {
  checkAcceptOptions,
  checkChannelOptions,
  checkChannelUse,
  checkWaitOptions,
  type AcceptOptions,
  type ChannelOptions,
  type ChannelUseOptions,
  type WaitOptions,
  type WhenFull,
} from './options.js';
import { Outbox } from './outbox.js';
import { RingReader } from './ring-reader.js';
import { RingWriter } from './ring-writer.js';
import type { Rings } from './rings.js';
import { SentEnclosures } from './sent-enclosures.js';

export class Channel {
  readonly #rings: Rings;
  readonly #claims: ClaimsAhead;
  readonly #reader: RingReader;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  #isKeptAlive = false;
  #isPeerDone = false;
  #isFinished = false;
  #closing: Promise<void> | undefined;
  #onFinished: (() => void) | undefined;

  /** Channels come from `Channel.open()` and `Channel.accept()`. */
  protected constructor(rings: Rings, whenFull: WhenFull) {
    this.#rings = rings;
    const { side, peerPid, region, bell, slots } = rings;
    const words = new Int32Array(region.buffer);
    const bytes = new Uint8Array(region.buffer);
    const ring = () => {
      bell.ring();
    };
    const host = {
      peerPid,
      onWaiting: () => {
        this.#keepAliveIfNeeded();
      },
      lookAtPeer: () => {
        this.#lookAtPeer();
      },
      onDrained: () => {
        this.#finish();
      },
      onEnclosure: () => {
        this.#inbox.wake();
      },
      judge: (error: unknown) => this.#judge(error),
    };
    const writer = new RingWriter(words, bytes, ringWrittenBy(side, rings), ring);
    const enclosures = new SentEnclosures(peerPid, () => {
      this.#outbox.finishIfDone();
    });
    this.#outbox = new Outbox(writer, slots, enclosures, whenFull, host);
    this.#claims = new ClaimsAhead(host);
    this.#reader = new RingReader(words, bytes, ringWrittenBy(otherSide(side), rings), ring, this.#claims);
    this.#inbox = new Inbox(this.#reader, host);
    bell.onRing = (hasHungUp) => {
      this.#onRing(hasHungUp);
    };
  }

  static async open(destPid: number, options: ChannelOptions = {}): Promise<Channel> {
    checkPid(destPid, 'destPid');
    const checked = checkChannelOptions(options);
    return new Channel(await offerRings(destPid, checked), checked.whenFull);
  }

  static accept(srcPid: number, options?: ChannelUseOptions): Promise<Channel>;
  static accept(options?: AcceptOptions): AsyncIterable<Channel>;
  static accept(
    first: number | AcceptOptions = {},
    options: ChannelUseOptions = {},
  ): Promise<Channel> | AsyncIterable<Channel> {
    if (typeof first === 'number') return Channel.#acceptFrom(first, options);
    const { from, signal, whenFull } = checkAcceptOptions(first);
    return acceptAll(from, signal, (rings) => new Channel(rings, whenFull));
  }

  static async #acceptFrom(srcPid: number, options: ChannelUseOptions): Promise<Channel> {
    checkPid(srcPid, 'srcPid');
    const { whenFull, signal } = checkChannelUse(options);
    return new Channel(await acceptOne(srcPid, signal), whenFull);
  }

  get peerPid(): number {
    return this.#rings.peerPid;
  }

  get slots(): number {
    return this.#rings.slots;
  }

  get slotBytes(): number {
    return this.#rings.slotBytes;
  }

  get ended(): boolean {
    return this.#inbox.isOver;
  }

  send(bytes: ArrayBufferView): boolean | Promise<boolean>;
  send(memory: OfferableMemory, flags: number): boolean | Promise<boolean>;
  send(message: ArrayBufferView | OfferableMemory, flags?: number): boolean | Promise<boolean> {
    try {
      return this.#outbox.send(message, flags);
    } catch (error) {
      throw this.#judge(error);
    }
  }

  sendMany(messages: readonly ArrayBufferView[]): number | Promise<number> {
    try {
      return this.#outbox.sendMany(messages);
    } catch (error) {
      throw this.#judge(error);
    }
  }

  reserve(byteLength: number): Uint8Array | undefined {
    try {
      return this.#outbox.reserve(byteLength);
    } catch (error) {
      throw this.#judge(error);
    }
  }

  commit(byteLength?: number): void {
    this.#outbox.commit(byteLength);
  }

  async writable(options: WaitOptions = {}): Promise<void> {
    const signal = checkWaitOptions(options);
    try {
      await this.#outbox.writable(signal);
    } catch (error) {
      throw this.#judge(error);
    }
  }

  receive(): Message | undefined {
    return this.#inbox.receive();
  }

  readable(options: WaitOptions = {}): Promise<boolean> {
    return this.#inbox.readable(checkWaitOptions(options));
  }

  messages(options: WaitOptions = {}): AsyncIterableIterator<Message, undefined> {
    return new MessageIterator(this.#inbox, checkWaitOptions(options));
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Message, undefined> {
    return this.messages();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.dispose](): void {
    void this.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #close(): Promise<void> {
    const finished = new Promise<void>((resolve) => {
      this.#onFinished = resolve;
    });
    this.#inbox.close();
    if (this.#isFinished) this.#onFinished?.();
    else {
      this.#outbox.close(() => {
        this.#finish();
      });
      this.#keepAliveIfNeeded();
    }
    return finished;
  }

  #onRing(hasHungUp: boolean): void {
    try {
      this.#lookForEnd(hasHungUp);
      this.#outbox.wake();
      this.#inbox.wake();
    } catch (error) {
      this.#judge(error);
    }
  }

  #lookAtPeer(): void {
    this.#lookForEnd(this.#rings.bell.hasHungUp());
  }

  /** The mark that the other side has closed is there before its bell hangs up. */
  #lookForEnd(hasHungUp: boolean): void {
    if (this.#isPeerDone || this.#isFinished) return;
    const hasClosed = this.#reader.isClosed();
    if (!hasClosed && !hasHungUp) return;
    this.#isPeerDone = true;
    this.#outbox.fail(hasClosed ? peerClosedError(this.peerPid) : peerGoneError(this.peerPid));
    this.#inbox.onPeerDone(hasClosed ? undefined : peerGoneError(this.peerPid));
  }

  /** What the other side has broken stays broken, in both directions. */
  #judge(error: unknown): unknown {
    if (!isProtocolError(error) || this.#isFinished) return error;
    this.#outbox.fail(error);
    this.#inbox.close(error);
    this.#finish();
    return error;
  }

  #keepAliveIfNeeded(): void {
    const isNeeded = !this.#isFinished && (this.#inbox.isWaitedFor || this.#outbox.isWaitedFor);
    if (isNeeded === this.#isKeptAlive) return;
    this.#isKeptAlive = isNeeded;
    this.#rings.bell.keepAlive(isNeeded);
  }

  #finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#keepAliveIfNeeded();
    this.#claims.drop();
    this.#outbox.fail(peerClosedError(this.peerPid));
    this.#rings.bell.close();
    this.#rings.region.release();
    this.#onFinished?.();
  }
}

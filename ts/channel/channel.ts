import { inspect, type InspectOptions } from 'node:util';
import { CANNOT_BE_CLONED } from '../stays-here.js';
import { checkPid } from '../validate.js';
import type { OfferableMemory } from '../vm-offer.js';
import { isProtocolError, peerClosedError, peerGoneError } from './channel-errors.js';
import { ClaimsAhead } from './enclosed/claims-ahead.js';
import { SentEnclosures } from './enclosed/sent-enclosures.js';
import { Inbox } from './inbox.js';
import { MessageIterator } from './message-iterator.js';
import type { Message } from './message.js';
import { acceptAll, acceptOne } from './opening/accept.js';
import { offerRings } from './opening/offer-rings.js';
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
import { Cores, NEVER_APART } from './ring/cores.js';
import { otherSide, ringWrittenBy } from './ring/layout.js';
import { RingReader } from './ring/ring-reader.js';
import { RingWriter } from './ring/ring-writer.js';
import { dropRings, type Rings } from './ring/rings.js';
import { usableProcessors } from './waiting/processors.js';

/**
 * Messages in both directions between two processes, or two threads of one, through memory that both hold.
 *
 * A channel is set up once, by one offer and one claim. Then a message costs a copy into a ring and no system call while both
 * sides are busy. A side that waits sleeps, and the other side wakes it. Messages arrive whole and in the order in which they
 * were sent.
 *
 * A message that does not fit a slot of the ring is sent by the same call: it goes as memory of its own, offered and claimed
 * behind the scenes, and arrives in its turn.
 *
 * A channel belongs to the thread that opened or accepted it. Waiting on it (`for await`, `readable()`, `writable()`, a
 * `send()` that waits, `close()`) keeps the process alive; an open channel that nobody waits on does not.
 *
 * Errors: ERR_VMO_PEER_GONE if the other side ended without closing, after everything it had sent has been received; also from
 * sending after the other side has closed. ERR_VMO_PROTOCOL if the other side wrote a value that no channel writes: the channel
 * is then broken in both directions, and released. ERR_VMO_INVALID_ARGUMENT for wrong arguments and for sending after `close()`.
 *
 * @example
 * const channel = await Channel.open(destPid); // in that process: await Channel.accept(srcPid)
 * await channel.send(bytes);
 * for await (const message of channel) handle(message.bytes);
 *
 * @category Channels
 */
export class Channel {
  /** @internal */
  readonly cannotBeCloned = CANNOT_BE_CLONED;
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
  private constructor(rings: Rings, whenFull: WhenFull) {
    this.#rings = rings;
    const { side, peerPid, region, bell, slots, currentCore } = rings;
    const words = new Int32Array(region.buffer);
    const bytes = new Uint8Array(region.buffer);
    const wakeOther = () => {
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
      lookAgain: () => {
        this.#onRing(false);
      },
      judge: (error: unknown) => this.#judge(error),
    };
    const [mine, theirs] = [ringWrittenBy(side, rings), ringWrittenBy(otherSide(side), rings)];
    const whereabouts = usableProcessors() < 2 ? NEVER_APART : new Cores(words, mine, theirs, currentCore);
    const writer = new RingWriter(words, bytes, mine, wakeOther);
    const enclosures = new SentEnclosures(peerPid, () => {
      this.#outbox.finishIfDone();
    });
    this.#outbox = new Outbox(writer, slots, enclosures, whereabouts, whenFull, host);
    this.#claims = new ClaimsAhead(host);
    this.#reader = new RingReader(words, bytes, theirs, wakeOther, this.#claims);
    this.#inbox = new Inbox(this.#reader, whereabouts, host);
    bell.onRing = (hasHungUp) => {
      this.#onRing(hasHungUp);
    };
  }

  /**
   * Opens a channel to a process, which accepts it with `Channel.accept`. The order of the two calls does not matter.
   *
   * @param destPid the pid of a live process, in this process's pid namespace. To open a channel to a worker, pass this process's
   *   own pid.
   * @param options the size of the rings, how to use the channel, and how long to wait.
   * @returns a promise of the channel, once it is accepted. It keeps the process alive until it settles and rejects with
   *   `signal.reason` or with a `VmoError`: ERR_VMO_INVALID_ARGUMENT, ERR_VMO_NO_PROCESS, ERR_VMO_PEER_GONE (the process ended
   *   before it accepted), ERR_VMO_TIMEOUT, ERR_VMO_NO_MEMORY, ERR_VMO_TOO_MANY.
   *
   * @example
   * await using channel = await Channel.open(pid, { slotBytes: 4096, timeoutMs: 1000 });
   */
  static async open(destPid: number, options: ChannelOptions = {}): Promise<Channel> {
    checkPid(destPid, 'destPid');
    const checked = checkChannelOptions(options);
    return new Channel(await offerRings(destPid, checked), checked.whenFull);
  }

  /**
   * Accepts the next channel that one process opens to this one.
   *
   * @param srcPid the pid of the process that opens it, in this process's pid namespace.
   * @param options how to use the channel, and a signal to stop waiting for it.
   * @returns a promise of the channel. It keeps the process alive until it settles and rejects with `signal.reason`, or with
   *   a `VmoError`: ERR_VMO_PROTOCOL if the memory that was offered is not a valid channel; otherwise as `vmClaim`.
   *
   * @example
   * await using channel = await Channel.accept(srcPid, { signal: AbortSignal.timeout(1000) });
   */
  static accept(srcPid: number, options?: ChannelUseOptions): Promise<Channel>;
  /**
   * Accepts every channel that is opened to this process: those that are waiting now and those that are opened later. It accepts
   * one channel each time the program asks for the next one, and the opening processes take turns. Channels that it has not
   * accepted stay open for a later `accept`. If either side runs out of descriptors, memory or time, it tries again. It skips
   * offers that are not valid channels (`DEBUG=vmoffer:channel` says why). If several threads accept, each channel goes to one of
   * them.
   *
   * @param options whose channels, how to use them, and a signal that ends the iteration.
   * @returns the channels. Iterating over them keeps the process alive and waits for ever; leave it with `break`, or with a
   *   signal.
   *
   * @example
   * for await (const channel of Channel.accept()) void serve(channel);
   */
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

  /** The pid of the process on the other side, in this process's pid namespace. */
  get peerPid(): number {
    return this.#rings.peerPid;
  }

  /** How many messages each direction holds. */
  get slots(): number {
    return this.#rings.slots;
  }

  /** The length in bytes up to which a message goes through the ring itself. */
  get slotBytes(): number {
    return this.#rings.slotBytes;
  }

  /** Whether nothing more will be received: all messages have been, or the channel is closed on this side, or broken. */
  get ended(): boolean {
    return this.#inbox.isOver;
  }

  /**
   * Sends a copy of the bytes; the array may be used again at once. Messages of up to `slotBytes` go into the ring. Longer ones
   * go into memory of their own, which then belongs to the receiver.
   *
   * @param bytes the message: a typed array, `DataView` or `Buffer` of any length, also 0.
   * @returns true if the message is in the ring. If the ring is full: a promise that resolves to true when the message is in the
   *   ring, or false if the channel was made with `whenFull: 'fail'`. So `await channel.send(bytes)` is always right. Await it
   *   before you send more: at most `slots` messages may wait.
   * @throws {VmoError} ERR_VMO_PEER_GONE, ERR_VMO_PROTOCOL, ERR_VMO_INVALID_ARGUMENT, ERR_VMO_TOO_MANY (messages that wait), and
   *   what `allocate` and `vmOffer` throw for a message that does not fit a slot. The promise rejects with the same.
   */
  send(bytes: ArrayBufferView): boolean | Promise<boolean>;
  /**
   * Sends memory, without a copy, in its turn among the other messages. `send` offers it as `vmOffer` would, and the receiver
   * claims it as `message.region`. With `VMO_DISOWN` it changes hands. Do not write to it before it is claimed.
   *
   * @param memory what to send: whole pages of memory from `allocate()` or from a claim.
   * @param flags what the receiver gets and this process gives up, as for `vmOffer`.
   * @returns as for bytes.
   * @throws {VmoError} as for bytes.
   *
   * @example
   * await channel.send(region, VMO_DISOWN | VMO_GRANT_R | VMO_GRANT_W);
   */
  send(memory: OfferableMemory, flags: number): boolean | Promise<boolean>;
  send(message: ArrayBufferView | OfferableMemory, flags?: number): boolean | Promise<boolean> {
    try {
      return this.#outbox.send(message, flags);
    } catch (error) {
      throw this.#judge(error);
    }
  }

  /**
   * Sends copies of several messages, in order, and publishes them to the receiver together. For many small messages this is
   * cheaper than `send`.
   *
   * @param messages the messages, each as for `send`.
   * @returns how many messages are in the ring, counted from the first. If the ring fills up: a promise that resolves when all of
   *   them are in it, or, with `whenFull: 'fail'`, a smaller number.
   * @throws {VmoError} as `send`. The messages before the one that failed have been sent.
   *
   * @example
   * await channel.sendMany(lines.map((line) => Buffer.from(line)));
   */
  sendMany(messages: readonly ArrayBufferView[]): number | Promise<number> {
    try {
      return this.#outbox.sendMany(messages);
    } catch (error) {
      throw this.#judge(error);
    }
  }

  /**
   * Reserves the place of the next message in the ring, so that the program can write it there without a copy. `commit()` sends
   * it. A second `reserve()` replaces the first. Sending anything else before `commit()` gives the place up.
   *
   * @param byteLength the message's length in bytes, from 0 to `slotBytes`.
   * @returns a view of the place, which still holds older bytes; or undefined if the ring is full: see `writable()`.
   * @throws {VmoError} as `send`.
   *
   * @example
   * await channel.writable();
   * channel.reserve(8)?.set(header);
   * channel.commit();
   */
  reserve(byteLength: number): Uint8Array | undefined {
    try {
      return this.#outbox.reserve(byteLength);
    } catch (error) {
      throw this.#judge(error);
    }
  }

  /**
   * Sends the message that has been written to the reserved place.
   *
   * @param byteLength the message's length in bytes. Default: all that were reserved.
   * @throws {VmoError} ERR_VMO_INVALID_ARGUMENT if nothing is reserved, or fewer bytes than `byteLength`; otherwise as `send`.
   */
  commit(byteLength?: number): void {
    this.#outbox.commit(byteLength);
  }

  /**
   * Waits for room for a message.
   *
   * @param options a signal to stop waiting.
   * @returns a promise that resolves when there is room. It rejects as `send` throws, or with `signal.reason`.
   */
  async writable(options: WaitOptions = {}): Promise<void> {
    const signal = checkWaitOptions(options);
    try {
      await this.#outbox.writable(signal);
    } catch (error) {
      throw this.#judge(error);
    }
  }

  /**
   * Takes the next message, without waiting, and releases the previous one, whose bytes may show another message from then on.
   *
   * @returns the message, or undefined if there is none now.
   * @throws {VmoError} ERR_VMO_PEER_GONE after the last message, if the other side has ended without closing.
   *   ERR_VMO_PROTOCOL.
   */
  receive(): Message | undefined {
    return this.#inbox.receive();
  }

  /**
   * Waits for a message, and releases the previous one.
   *
   * @param options a signal to stop waiting.
   * @returns a promise: true when `receive()` has a message, false when nothing more will come. It rejects as `receive()` throws,
   *   or with `signal.reason`.
   *
   * @example
   * while (await channel.readable()) {
   *   for (let message; (message = channel.receive()); ) handle(message.bytes);
   * }
   */
  readable(options: WaitOptions = {}): Promise<boolean> {
    return this.#inbox.readable(checkWaitOptions(options));
  }

  /**
   * Iterates over the messages as they arrive. The iteration ends when the other side has closed and everything it had sent has
   * been received. `break` leaves the channel open. Even if messages never stop, the rest of the program gets to run now and then.
   *
   * @param options a signal to stop waiting.
   * @returns the messages. The iteration throws as `receive()` does, or `signal.reason`.
   *
   * @example
   * for await (const { bytes } of channel.messages({ signal })) handle(bytes);
   */
  messages(options: WaitOptions = {}): AsyncIterableIterator<Message, undefined> {
    return new MessageIterator(this.#inbox, checkWaitOptions(options));
  }

  /** Calls `messages()`: `for await (const message of channel)`. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Message, undefined> {
    return this.messages();
  }

  /**
   * Closes this side of the channel. Nothing can be sent or received here any more. The other side can still receive the messages
   * that have been sent; then its iteration ends.
   *
   * @returns a promise that resolves when every message is in the ring, and every message that did not fit a slot has been
   *   claimed. It keeps the process alive until then, and never rejects. Calling `close()` again returns the same promise.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Calls `close()` at the end of the scope of `using`. */
  [Symbol.dispose](): void {
    void this.close();
  }

  /** Calls `close()` at the end of the scope of `await using`, which waits for it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Describes the channel for `JSON.stringify`. Messages are not included. */
  toJSON(): object {
    const { peerPid, slots, slotBytes, ended } = this;
    return { peerPid, slots, slotBytes, ended };
  }

  /** @internal */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `Channel ${inspect(this.toJSON(), options)}`;
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

  /** A side that closes sets its mark in the ring before its bell hangs up. A bell without a mark means a side that has died. */
  #lookForEnd(hasHungUp: boolean): void {
    if (this.#isPeerDone || this.#isFinished) return;
    const hasClosed = this.#reader.isClosed();
    if (!hasClosed && !hasHungUp) return;
    this.#isPeerDone = true;
    this.#outbox.fail(hasClosed ? peerClosedError(this.peerPid) : peerGoneError(this.peerPid));
    this.#inbox.onPeerDone(hasClosed ? undefined : peerGoneError(this.peerPid));
  }

  /** After a protocol error the channel is broken in both directions, for good. */
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
    dropRings(this.#rings);
    this.#onFinished?.();
  }
}

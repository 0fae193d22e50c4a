import { invalidArgument, VmoError } from '../errors.js';
import { checkOptions, checkPid, checkSignal, describeValue } from '../validate.js';
import { claimRings, isGone, offeredRings } from './accept-rings.js';
import { otherSide, ringWrittenBy } from './layout.js';
import type { Message } from './message.js';
import { offerRings } from './offer-rings.js';
import {
  checkChannelOptions,
  checkChannelUse,
  type ChannelOptions,
  type ChannelUseOptions,
  type WhenFull,
} from './options.js';
import { RingReader } from './ring-reader.js';
import { RingWriter } from './ring-writer.js';
import type { Rings } from './rings.js';

export class Channel {
  readonly peerPid: number;
  readonly slots: number;
  readonly slotBytes: number;
  readonly #rings: Rings;
  readonly #reader: RingReader;
  readonly #writer: RingWriter;
  readonly #whenFull: WhenFull;
  #reserved: number | undefined;
  #readers: (() => void)[] = [];
  #writers: (() => void)[] = [];
  #isClosed = false;
  #hasPeerClosed = false;
  #failure: Error | undefined;

  protected constructor(rings: Rings, whenFull: WhenFull) {
    this.#rings = rings;
    this.peerPid = rings.peerPid;
    this.slots = rings.slots;
    this.slotBytes = rings.slotBytes;
    this.#whenFull = whenFull;
    const words = new Int32Array(rings.region.buffer);
    const bytes = new Uint8Array(rings.region.buffer);
    const ring = () => {
      rings.bell.ring();
    };
    this.#writer = new RingWriter(words, bytes, ringWrittenBy(rings.side, rings), ring);
    this.#reader = new RingReader(words, bytes, ringWrittenBy(otherSide(rings.side), rings), ring);
    rings.bell.onRing = (hasHungUp) => {
      this.#onRing(hasHungUp);
    };
  }

  static async open(destPid: number, options: ChannelOptions = {}): Promise<Channel> {
    checkPid(destPid, 'destPid');
    const checked = checkChannelOptions(options);
    return new Channel(await offerRings(destPid, checked), checked.whenFull);
  }

  static accept(srcPid: number, options?: ChannelUseOptions): Promise<Channel>;
  static accept(options?: ChannelUseOptions & { from?: number }): AsyncIterable<Channel>;
  static accept(
    first: number | (ChannelUseOptions & { from?: number }) = {},
    options: ChannelUseOptions = {},
  ): Promise<Channel> | AsyncIterable<Channel> {
    if (typeof first === 'number') return Channel.#acceptOne(first, options);
    checkOptions(first);
    return Channel.#acceptAll(first);
  }

  static async #acceptOne(from: number, options: ChannelUseOptions): Promise<Channel> {
    checkPid(from, 'srcPid');
    for await (const channel of Channel.#acceptAll({ ...options, from })) return channel;
    throw new Error('unreachable');
  }

  static async *#acceptAll({ from, ...use }: ChannelUseOptions & { from?: number }): AsyncGenerator<Channel> {
    const { whenFull, signal } = checkChannelUse(use);
    checkSignal(signal);
    if (from !== undefined) checkPid(from, 'from');
    for await (const offered of offeredRings(from, signal)) {
      try {
        yield new Channel(await claimRings(offered), whenFull);
      } catch (error) {
        if (!isGone(error)) throw error;
      }
    }
  }

  send(message: Uint8Array): boolean | Promise<boolean> {
    this.#checkSendable();
    if (!(message instanceof Uint8Array) || message.length > this.slotBytes) {
      throw invalidArgument(
        `a message must be a Uint8Array of at most ${this.slotBytes} bytes for now, got ${describeValue(message)}`,
      );
    }
    if (this.#writer.hasRoom()) {
      this.#writer.write(message);
      return true;
    }
    if (this.#whenFull === 'fail') return false;
    const copy = message.slice();
    return this.writable().then(() => this.send(copy));
  }

  sendMany(messages: readonly Uint8Array[]): number {
    this.#checkSendable();
    let count = 0;
    for (const message of messages) {
      if (!this.#writer.hasRoom()) break;
      this.#writer.put(message);
      count++;
    }
    if (count > 0) this.#writer.publish();
    return count;
  }

  reserve(byteLength: number): Uint8Array | undefined {
    this.#checkSendable();
    if (!this.#writer.hasRoom()) return undefined;
    this.#reserved = byteLength;
    return this.#writer.slot(byteLength);
  }

  commit(byteLength = this.#reserved): void {
    if (byteLength === undefined) throw invalidArgument('nothing is reserved');
    this.#reserved = undefined;
    this.#writer.fill(byteLength, 0);
    this.#writer.publish();
  }

  receive(): Message | undefined {
    if (this.#isClosed) return undefined;
    const message = this.#reader.read();
    if (message === undefined && this.#failure) throw this.#failure;
    return message;
  }

  async readable(): Promise<boolean> {
    for (;;) {
      if (this.#isClosed) return false;
      if (this.#reader.hasMessage()) return true;
      if (this.#hasPeerClosed || this.#reader.isClosed()) return this.#reader.hasMessage();
      if (this.#failure) throw this.#failure;
      if (!this.#reader.prepareToSleep()) continue;
      this.#rings.bell.keepAlive(true);
      await new Promise<void>((resolve) => this.#readers.push(resolve));
    }
  }

  async writable(): Promise<void> {
    for (;;) {
      this.#checkSendable();
      if (this.#writer.hasRoom()) return;
      if (!this.#writer.prepareToSleep()) continue;
      this.#rings.bell.keepAlive(true);
      await new Promise<void>((resolve) => this.#writers.push(resolve));
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Message> {
    while (await this.readable()) {
      for (let message = this.receive(); message; message = this.receive()) yield message;
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#writer.close();
    this.#rings.bell.close();
    this.#rings.region.release();
    this.#wake();
  }

  #onRing(hasHungUp: boolean): void {
    this.#reader.wakeUp();
    this.#writer.wakeUp();
    if (this.#reader.isClosed()) this.#hasPeerClosed = true;
    else if (hasHungUp)
      this.#failure ??= new VmoError('ERR_VMO_PEER_GONE', 'the other side of the channel has ended', {
        pid: this.peerPid,
      });
    this.#wake();
  }

  #wake(): void {
    this.#rings.bell.keepAlive(false);
    for (const resolve of [...this.#readers.splice(0), ...this.#writers.splice(0)]) resolve();
  }

  #checkSendable(): void {
    if (this.#isClosed) throw invalidArgument('the channel has been closed');
    if (this.#hasPeerClosed)
      throw new VmoError('ERR_VMO_PEER_GONE', 'the other side has closed the channel', { pid: this.peerPid });
    if (this.#failure) throw this.#failure;
  }
}

import type { Claim } from '../claim.js';

/**
 * One message, whole, from {@link Channel.receive} or an iteration over a channel.
 *
 * It is valid until the next message is asked for, or until `release()`. A structured clone of it throws; copy `bytes`.
 *
 * @example
 * for await (const message of channel) {
 *   using region = message.region;
 *   handle(region ? region.view() : message.bytes);
 * }
 *
 * @category Channels
 */
export interface Message {
  /**
   * The bytes, in place: in the ring or, if the message did not fit a slot, in memory of their own, whose pages arrive when they
   * are touched. They are valid until `release()`, or until the next message is asked for; the array may then show another
   * message. The other process can write to the ring at any time. If you do not trust it, first copy what must not change while
   * you look at it.
   *
   * @throws {VmoError} the error of the claim, when a message that did not fit a slot could not be claimed.
   */
  readonly bytes: Uint8Array;
  /**
   * The memory itself, when memory was sent; undefined when bytes were. Reading this property takes it over: from then on the
   * reader has to release it, and the message's `release()` leaves it alone.
   *
   * @throws {VmoError} as `bytes`.
   */
  readonly region: Claim | undefined;
  /** Gives the place of the bytes back before the next message is asked for. Calling it again does nothing. */
  release(): void;
}

/** For `JSON.stringify`: the bytes do not go along. */
export function describeMessage({ bytes }: Pick<Message, 'bytes'>, isRegion: boolean): object {
  return { byteLength: bytes.byteLength, isRegion };
}

import type { Claim } from '../claim.js';

/**
 * One whole message, from {@link Channel.receive} or from an iteration over a channel.
 *
 * It is valid until the program asks for the next message, or calls `release()`. It cannot be cloned; copy `bytes`.
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
   * The bytes in place, without a copy. They are in the ring or, if the message did not fit a slot, in memory of their own, whose
   * pages arrive when they are touched. They are valid as long as the message is; after that the array may show another message.
   * The other process can write to the ring at any time. If you do not trust it, copy the bytes before you check them.
   *
   * @throws {VmoError} the error of the claim, if a message that did not fit a slot could not be claimed.
   */
  readonly bytes: Uint8Array;
  /**
   * The memory itself if memory was sent; undefined if bytes were. Reading this property takes the memory over: from then on the
   * program must release it, and `release()` of the message no longer does.
   *
   * @throws {VmoError} as `bytes`.
   */
  readonly region: Claim | undefined;
  /** Releases the message before the program asks for the next one. Calling it again does nothing. */
  release(): void;
}

/** For `JSON.stringify`: the bytes are not included. */
export function describeMessage({ bytes }: Pick<Message, 'bytes'>, isRegion: boolean): object {
  return { byteLength: bytes.byteLength, isRegion };
}

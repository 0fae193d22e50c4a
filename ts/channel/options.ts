import { invalidArgument } from '../errors.js';
import { checkOneOf, checkOptions, checkPid, checkSignal, checkTimeout, describeValue } from '../validate.js';
import { fitsRings, MAX_RINGS_BYTES, MAX_SLOTS, MIN_SLOT_BYTES, MIN_SLOTS, type RingSize } from './ring/layout.js';

const DEFAULT_SLOTS = 1024;
const DEFAULT_SLOT_BYTES = 1024;
const WHEN_FULL = ['wait', 'fail'] as const satisfies readonly WhenFull[];

/**
 * What `send` does when the ring is full because the other side has not read fast enough.
 *
 * - `'wait'`: it keeps the message and returns a promise that resolves when the message is in the ring.
 * - `'fail'`: it sends nothing and returns false.
 *
 * @category Channels
 */
export type WhenFull = 'wait' | 'fail';

/**
 * How one side uses a channel.
 *
 * @category Channels
 */
export interface ChannelUseOptions {
  /** What this side's `send` does when the ring is full. Default: `'wait'`. */
  whenFull?: WhenFull;
  /** Gives up waiting for the channel: the promise rejects with `signal.reason`. Once there is a channel, it does nothing. */
  signal?: AbortSignal;
}

/**
 * How to open a channel.
 *
 * @category Channels
 */
export interface ChannelOptions extends ChannelUseOptions {
  /**
   * How many messages each direction holds, from 2 to 65536. Few slots make a stream of messages slower, but not a conversation
   * of requests and replies. Default: 1024.
   */
  slots?: number;
  /**
   * The length in bytes up to which a message goes through the ring itself, at least 56. A longer message gets memory of its own,
   * which costs a few hundred microseconds. Choose the length of the largest messages that you send often. The two rings together
   * take about 2 × slots × slotBytes of memory, at most 256 MiB. Default: 1024.
   */
  slotBytes?: number;
  /** How long the other process may take to accept, in milliseconds, above 0. Then: ERR_VMO_TIMEOUT. Default: no limit. */
  timeoutMs?: number;
}

/**
 * Whose channels to accept, and how to use them.
 *
 * @category Channels
 */
export interface AcceptOptions extends Omit<ChannelUseOptions, 'signal'> {
  /** The pid of the process whose channels to accept. Default: those of all processes. */
  from?: number;
  /** Ends the iteration: it then throws `signal.reason`. */
  signal?: AbortSignal;
}

/**
 * How to wait.
 *
 * @category Channels
 */
export interface WaitOptions {
  /** Ends the wait: it then rejects with `signal.reason`. */
  signal?: AbortSignal;
}

export interface CheckedChannelUse {
  whenFull: WhenFull;
  signal: AbortSignal | undefined;
}

export interface CheckedChannelOptions extends CheckedChannelUse, RingSize {
  timeoutMs: number | undefined;
}

export function checkChannelUse(options: ChannelUseOptions): CheckedChannelUse {
  checkOptions(options);
  const { whenFull = 'wait', signal } = options;
  checkOneOf(whenFull, 'whenFull', WHEN_FULL);
  checkSignal(signal);
  return { whenFull, signal };
}

export function checkAcceptOptions(options: AcceptOptions): CheckedChannelUse & { from: number | undefined } {
  const use = checkChannelUse(options);
  const { from } = options;
  if (from !== undefined) checkPid(from, 'from');
  return { ...use, from };
}

export function checkWaitOptions(options: WaitOptions): AbortSignal | undefined {
  checkOptions(options);
  checkSignal(options.signal);
  return options.signal;
}

export function checkChannelOptions(options: ChannelOptions): CheckedChannelOptions {
  const use = checkChannelUse(options);
  const { slots = DEFAULT_SLOTS, slotBytes = DEFAULT_SLOT_BYTES, timeoutMs } = options;
  checkCount(slots, 'slots', MIN_SLOTS, MAX_SLOTS);
  checkCount(slotBytes, 'slotBytes', MIN_SLOT_BYTES, MAX_RINGS_BYTES);
  if (!fitsRings({ slots, slotBytes })) {
    throw invalidArgument(
      `${slots} slots of ${slotBytes} bytes take more than ${MAX_RINGS_BYTES} bytes for both directions; longer messages than a slot has may be sent, too`,
    );
  }
  if (timeoutMs !== undefined) checkTimeout(timeoutMs);
  return { ...use, slots, slotBytes, timeoutMs };
}

function checkCount(value: unknown, name: string, least: number, most: number): asserts value is number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    throw invalidArgument(`${name} must be an integer from ${least} to ${most}, got ${describeValue(value)}`);
  }
}

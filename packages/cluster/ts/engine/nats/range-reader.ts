import type { Msg } from '@nats-io/transport-node';
import { EngineError, MAX_RANGE_BYTES, type ByteRange } from '../engine.js';
import { gone, refusal } from '../range.js';
import { whenAborted } from '../when-aborted.js';
import { isNoResponders } from './failures.js';
import type { Line } from './line.js';
import { encodeRange, PROBE, REFUSED } from './range-message.js';
import { subjects } from './subjects.js';
import { LOOK_MS, Watchdog } from './watchdog.js';

/** In a cluster a subscription reaches the other servers a little later than its own. */
const SPREADS_WITHIN_MS = 25;

/** Asks holders for ranges, each in as many parts as the server's limit of a payload makes necessary. */
export class RangeReader {
  readonly #line: Line;
  readonly #self: string;
  readonly #watchdog: Watchdog;

  constructor(line: Line, self: string) {
    this.#line = line;
    this.#self = self;
    this.#watchdog = new Watchdog((subject) => this.#isGone(subject));
  }

  async read(holder: string, object: string, range: ByteRange, signal: AbortSignal): Promise<Uint8Array> {
    await this.#line.up(signal);
    const parts = partsOf(range, this.#line.connection.info?.max_payload ?? MAX_RANGE_BYTES);
    const subject = subjects.range(holder, this.#self, object);
    const answers = await this.#guarded(subject, gone(holder, object), signal, (until) =>
      Promise.all(parts.map((part) => this.#readPart(subject, part, until))),
    );
    const bytes = answers.map((answer, index) => bytesOf(answer, holder, object, parts[index]?.byteLength ?? 0));
    return bytes.length === 1 && bytes[0] ? bytes[0] : joined(bytes, range.byteLength);
  }

  async ping(peer: string, signal: AbortSignal): Promise<boolean> {
    const subject = subjects.ping(peer, this.#self);
    return this.#guarded(subject, false, signal, async (until) => {
      await this.#askTwice(subject, PROBE, until);
      return true;
    }).catch((error: unknown) => {
      if (error === false || isNoResponders(error)) return false;
      throw error;
    });
  }

  async #readPart(subject: string, part: ByteRange, signal: AbortSignal): Promise<Msg> {
    return this.#askTwice(subject, part, signal);
  }

  /** Those who answer nothing while others are told 'no responders' are gone. */
  async #guarded<Result>(
    subject: string,
    whenGone: unknown,
    signal: AbortSignal,
    run: (until: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const until = new AbortController();
    const abort = () => {
      until.abort(signal.reason);
    };
    const forget = whenAborted(signal, abort);
    const bark = () => {
      until.abort(whenGone);
    };
    try {
      return await this.#watchdog.guard(subject, bark, () => run(until.signal));
    } catch (error) {
      throw isNoResponders(error) ? whenGone : error;
    } finally {
      forget();
    }
  }

  async #askTwice(subject: string, range: ByteRange, signal: AbortSignal): Promise<Msg> {
    const question = { subject, body: encodeRange(range) };
    try {
      return await this.#line.ask(question, signal);
    } catch (error) {
      if (!isNoResponders(error)) throw error;
    }
    await this.#line.pause(SPREADS_WITHIN_MS, signal);
    return this.#line.ask(question, signal);
  }

  async #isGone(subject: string): Promise<boolean> {
    try {
      await this.#askTwice(subject, PROBE, AbortSignal.timeout(LOOK_MS));
      return false;
    } catch (error) {
      return isNoResponders(error);
    }
  }
}

function partsOf({ offset, byteLength }: ByteRange, limit: number): ByteRange[] {
  const parts = [];
  for (let done = 0; done < byteLength; done += limit) {
    parts.push({ offset: offset + done, byteLength: Math.min(limit, byteLength - done) });
  }
  return parts;
}

function bytesOf({ headers, data }: Msg, holder: string, object: string, byteLength: number): Uint8Array {
  const why = headers?.get(REFUSED);
  if (why) throw refusal(holder, object, why);
  if (data.byteLength === byteLength) return data;
  throw new EngineError('refused', `${holder} answered ${data.byteLength} bytes of ${object} instead of ${byteLength}`);
}

function joined(parts: Uint8Array[], byteLength: number): Uint8Array {
  const whole = new Uint8Array(byteLength);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.byteLength;
  }
  return whole;
}

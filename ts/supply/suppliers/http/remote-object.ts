import { supplyFailed } from '../../../errors.js';
import { bodyOf, expectRange, isEmpty, versionIn, type Answer, type Version } from './answer.js';
import { BackOff } from './back-off.js';
import { HttpClient } from './client.js';
import type { CheckedHttpOptions } from './options.js';
import { Transient } from './transient.js';
import { conditionsOf } from './validator.js';

const LONGEST_SHORT_BODY_BYTES = 16 * 1024;
const AS_IT_IS = { 'accept-encoding': 'identity', 'cache-control': 'no-transform' };

/** An object on an HTTP server, read in ranges of one version. */
export class RemoteObject {
  readonly #client: HttpClient;
  readonly #options: CheckedHttpOptions;
  readonly #closing = new AbortController();

  constructor(options: CheckedHttpOptions) {
    this.#client = new HttpClient(options);
    this.#options = options;
  }

  get name(): string {
    return this.#client.name;
  }

  /**
   * Finds out what is there, by asking for its first byte: a signed URL for GET allows no HEAD. Resolves to undefined if the
   * object is empty.
   */
  async look(signal: AbortSignal): Promise<Version | undefined> {
    const { etag } = this.#options;
    const wanted = etag === undefined ? undefined : { etag };
    const headers = { ...AS_IT_IS, ...(wanted && conditionsOf(wanted)), range: 'bytes=0-0' };
    return await this.#untilItWorks(signal, async (stop) => {
      const answer = await this.#client.get(headers, stop);
      return await judged(answer, () => (isEmpty(answer) ? undefined : versionIn(answer, wanted)));
    });
  }

  /** Reads as many bytes as `into` has. Writes nothing to it after the promise has settled. */
  async read(version: Version, offset: number, into: Uint8Array, signal: AbortSignal, progress: () => void) {
    let at = 0;
    await this.#untilItWorks(signal, async (stop, backOff) => {
      // After a broken answer, what has come is good.
      for await (const chunk of this.#open(version, offset + at, offset + into.length - 1, stop)) {
        if (at + chunk.length > into.length) throw supplyFailed(`${this.name} sends more bytes than the range has`);
        into.set(chunk, at);
        at += chunk.length;
        backOff.hasBroughtBytes();
        progress();
      }
      if (at < into.length) throw supplyFailed(`${this.name} sends ${into.length - at} bytes fewer than the range has`);
    });
  }

  close(): void {
    this.#closing.abort(supplyFailed(`the supplier of ${this.name} has been disposed of`));
    this.#client.close();
  }

  async *#open(version: Version, first: number, last: number, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
    const headers = { ...AS_IT_IS, ...conditionsOf(version.validator), range: `bytes=${first}-${last}` };
    const answer = await this.#client.get(headers, signal);
    try {
      expectRange(answer, first, last, version);
    } catch (error) {
      answer.response.destroy();
      throw error;
    }
    yield* bodyOf(answer);
  }

  async #untilItWorks<T>(
    signal: AbortSignal,
    attempt: (stop: AbortSignal, backOff: BackOff) => Promise<T>,
  ): Promise<T> {
    const stop = AbortSignal.any([signal, this.#closing.signal]);
    const backOff = new BackOff(this.#options.retries);
    for (;;) {
      try {
        stop.throwIfAborted();
        return await attempt(stop, backOff);
      } catch (error) {
        stop.throwIfAborted();
        if (!(error instanceof Transient)) throw error;
        await backOff.wait(error, stop);
      }
    }
  }
}

/** Reads a short body to its end, so that its connection can be used again. If the answer is wrong, it may be endless. */
async function judged<T>(answer: Answer, judge: () => T): Promise<T> {
  try {
    const result = judge();
    let byteLength = 0;
    for await (const chunk of bodyOf(answer)) {
      byteLength += chunk.length;
      if (byteLength > LONGEST_SHORT_BODY_BYTES) break;
    }
    return result;
  } catch (error) {
    answer.response.destroy();
    throw error;
  }
}

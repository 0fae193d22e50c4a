import { headers, type Msg, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import { textOf } from '../../errors.js';
import type { AnswerRange, Service } from '../engine.js';
import { answerExactly, faultOfRange } from '../range.js';
import { engineErrorOf } from './failures.js';
import type { Line } from './line.js';
import { decodeRange, headerText, PROBE, REFUSED } from './range-message.js';

const NOTHING = new Uint8Array(0);

/** Answers ranges of one object. Whoever may publish to the subject is its reader. */
export class RangeService implements Service {
  readonly #connection: NatsConnection;
  readonly #answer: AnswerRange;
  readonly #subscription: Subscription;
  #error: Error | undefined;
  readonly #underWay = new Set<Promise<void>>();

  constructor(connection: NatsConnection, subject: string, answer: AnswerRange) {
    this.#connection = connection;
    this.#answer = answer;
    this.#subscription = connection.subscribe(subject, {
      callback: (error, message) => {
        if (error) this.#error = error;
        else this.#receive(message);
      },
    });
  }

  /** Resolves when the server knows of it. @throws {EngineError} 'not-permitted' if this peer may not answer there. */
  async ready(line: Line, signal: AbortSignal): Promise<void> {
    await line.confirm(signal);
    if (this.#error) throw engineErrorOf(this.#error);
  }

  /** Takes no request any more. */
  stop(): void {
    if (!this.#subscription.isClosed()) this.#subscription.unsubscribe();
  }

  async close(): Promise<void> {
    this.stop();
    await Promise.all(this.#underWay);
  }

  #receive(message: Msg): void {
    const answered = this.#respond(message).catch((error: unknown) => {
      refuse(message, error);
    });
    this.#underWay.add(answered);
    void answered.finally(() => this.#underWay.delete(answered));
  }

  async #respond(message: Msg): Promise<void> {
    const range = decodeRange(message.data);
    if (range?.byteLength === PROBE.byteLength) {
      message.respond(NOTHING);
      return;
    }
    const fault = range ? faultOfRange(range) : `a request must have 12 bytes, got ${message.data.byteLength}`;
    if (!range || fault !== undefined) throw new Error(fault);
    const bytes = await answerExactly(this.#answer, range);
    this.#checkPayload(bytes.byteLength);
    // A client that has just lost its connection keeps what it is given: the holder's memory may be gone before it is sent.
    message.respond(bytes.slice());
  }

  #checkPayload(byteLength: number): void {
    const limit = this.#connection.info?.max_payload ?? byteLength;
    if (byteLength > limit) throw new Error(`the holder's server takes ${limit} bytes at most, got ${byteLength}`);
  }
}

function refuse(message: Msg, error: unknown): void {
  const refusal = headers();
  refusal.set(REFUSED, headerText(textOf(error)));
  try {
    message.respond(NOTHING, { headers: refusal });
  } catch {
    // the connection is closed: nobody can be told
  }
}

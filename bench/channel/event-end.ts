/** The loops for all ways that deliver a message by an event. */
import type { End } from './end.js';
import { expectStamped, stamp } from './payload.js';
import { pauseAndThen, totalOf, type Run } from './run.js';
import { Ticks } from './ticks.js';

export interface Port {
  /**
   * Sends a message. If it returns a promise, the caller waits for that before it sends the next one.
   *
   * @param isLast nothing follows for now, so that an incomplete batch has to be sent.
   */
  post(message: Buffer, isLast: boolean): Promise<unknown> | undefined;
  /** REQUIRES: is called once, before any message arrives. */
  listen(onMessage: (message: Uint8Array) => void): void;
  /** How many messages at most may still be read from the sender's buffers after they were posted. */
  readonly underway: number;
}

export class EventEnd implements End {
  readonly #port: Port;

  constructor(port: Port) {
    this.#port = port;
  }

  async send(run: Run): Promise<void> {
    const outbox = new Outbox(run, this.#port);
    const total = totalOf(run);
    for (let number = 0; number < total; number++) {
      const isTaken = this.#port.post(outbox.stamped(number), number === total - 1);
      if (isTaken) await isTaken;
    }
  }

  receive(run: Run): Promise<number> {
    const total = totalOf(run);
    let start = NaN;
    return this.#eachMessage(run, (number, done) => {
      if (number === run.warmUp - 1) start = performance.now();
      if (number === total - 1) done(performance.now() - start);
    });
  }

  ping(run: Run): Promise<number[]> {
    const outbox = new Outbox(run, this.#port);
    const ticks = new Ticks(run);
    const total = totalOf(run);
    const ping = (number: number) => {
      ticks.begin(number);
      void this.#port.post(outbox.stamped(number), true);
    };
    const finished = this.#eachMessage<number[]>(run, (number, done) => {
      ticks.end(number);
      if (number === total - 1) done(ticks.took);
      else
        pauseAndThen(run, () => {
          ping(number + 1);
        });
    });
    ping(0);
    return finished;
  }

  pong(run: Run): Promise<void> {
    const outbox = new Outbox(run, this.#port);
    const total = totalOf(run);
    return this.#eachMessage<undefined>(run, (number, done) => {
      void this.#port.post(outbox.stamped(number), true);
      if (number === total - 1) done(undefined);
    });
  }

  #eachMessage<T>({ byteLength }: Run, onVerified: (number: number, done: (value: T) => void) => void): Promise<T> {
    return new Promise((resolve) => {
      let number = 0;
      this.#port.listen((message) => {
        expectStamped(message, byteLength, number);
        onVerified(number++, resolve);
      });
    });
  }
}

/** Messages are Buffers: other views cost all of these ways more. */
class Outbox {
  readonly #messages: readonly Buffer[];

  constructor({ byteLength }: Run, { underway }: Port) {
    this.#messages = Array.from({ length: underway + 1 }, () => Buffer.allocUnsafeSlow(byteLength));
  }

  stamped(number: number): Buffer {
    const message = this.#messages[number % this.#messages.length];
    if (!message) throw new RangeError(`there is no place for message ${number}`);
    stamp(message, number);
    return message;
  }
}

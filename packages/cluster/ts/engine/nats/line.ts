import { headers as makeHeaders, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError } from '../engine.js';
import { whenAborted } from '../when-aborted.js';
import { engineErrorOf } from './failures.js';

/** The longest that one request waits, whatever its signal says. */
const LONGEST_MS = 60_000;

/** The connection was lost while the request was under way: it may or may not have arrived. */
export class LineLost extends Error {}

interface UnderWay {
  fail(error: unknown): void;
}

/** What goes into a request. */
export interface Question {
  subject: string;
  body?: Uint8Array;
  headers?: Record<string, string>;
}

/**
 * Requests over a connection that may be lost and made again. The client by itself drops what is sent meanwhile and tells those
 * whose answer was lost nothing.
 */
export class Line {
  readonly connection: NatsConnection;
  readonly #underWay = new Set<UnderWay>();
  readonly #whenUp = new Set<() => void>();
  #isUp = true;
  #isEnding = false;

  constructor(connection: NatsConnection) {
    this.connection = connection;
    void this.#follow();
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Asks again after a lost connection: for what may be asked twice. Rejects with the signal's reason, or as askOnce(). */
  async ask(question: Question, signal: AbortSignal): Promise<Msg> {
    for (;;) {
      try {
        return await this.askOnce(question, signal);
      } catch (error) {
        if (!(error instanceof LineLost)) throw error;
      }
    }
  }

  /** Waits for the connection, then asks. Rejects with {@link LineLost} if the connection is lost before the answer comes. */
  async askOnce(question: Question, signal: AbortSignal): Promise<Msg> {
    await this.up(signal);
    return this.#send(question, signal);
  }

  /** Resolves when there is a connection. */
  async up(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#throwIfClosed();
    if (this.#isUp) return;
    await this.#until(signal, (resolve) => {
      const done = () => {
        resolve(undefined);
      };
      this.#whenUp.add(done);
      return () => this.#whenUp.delete(done);
    });
    await this.up(signal);
  }

  /** Calls it when the connection is lost, until the returned function is called. */
  whenLost(call: () => void): () => void {
    const underWay = { fail: call };
    this.#underWay.add(underWay);
    return () => this.#underWay.delete(underWay);
  }

  /** Resolves when the server has done what was sent before, also if the connection was made anew meanwhile. */
  async confirm(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.up(signal);
      try {
        await this.#flushOnce(signal);
        return;
      } catch (error) {
        if (!(error instanceof LineLost)) throw error;
      }
    }
  }

  /** Waits until what was sent has left, but not for long. */
  async flush(timeoutMs: number): Promise<void> {
    if (!this.#isUp || this.#isClosed) return;
    await this.#flushOnce(AbortSignal.timeout(timeoutMs)).catch(() => undefined);
  }

  /** As sleep(), but ends when the connection is closed. */
  async pause(ms: number, signal: AbortSignal): Promise<void> {
    await sleep(ms, undefined, { signal }).catch(() => undefined);
    signal.throwIfAborted();
    this.#throwIfClosed();
  }

  /** Fails what is under way, and whatever is asked from now on: a request that the client takes while it closes is never answered. */
  end(): void {
    this.#isEnding = true;
    this.#fail(closedError());
    this.#restore(); // those who wait find that it has ended
  }

  get #isClosed(): boolean {
    return this.#isEnding || this.connection.isClosed();
  }

  #throwIfClosed(): void {
    if (this.#isClosed) throw closedError();
  }

  #flushOnce(signal: AbortSignal): Promise<void> {
    return this.#whileUp(
      signal,
      this.connection.flush().catch((error: unknown) => {
        throw this.#isClosed ? closedError() : new LineLost('the connection to NATS was lost', { cause: error });
      }),
    );
  }

  #send({ subject, body, headers }: Question, signal: AbortSignal): Promise<Msg> {
    this.#throwIfClosed();
    const options = { timeout: LONGEST_MS, ...(headers && { headers: headersOf(headers) }) };
    return this.#whileUp(signal, this.connection.request(subject, body, options));
  }

  /** Rejects with {@link LineLost} when the connection is lost. */
  #whileUp<Result>(signal: AbortSignal, answer: Promise<Result>): Promise<Result> {
    return this.#until(signal, (resolve, reject) => {
      const underWay = { fail: reject };
      this.#underWay.add(underWay);
      answer.then(resolve, (error: unknown) => {
        reject(engineErrorOf(error));
      });
      return () => this.#underWay.delete(underWay);
    });
  }

  /** A promise that the signal can reject, too. `begin` returns what is to be done when it has settled. */
  #until<Result>(
    signal: AbortSignal,
    begin: (resolve: (result: Result) => void, reject: (error: unknown) => void) => () => unknown,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        forget();
        end();
      };
      const abort = () => {
        settle();
        reject(signal.reason);
      };
      const end = begin(
        (result) => {
          settle();
          resolve(result);
        },
        (error) => {
          settle();
          reject(error);
        },
      );
      const forget = whenAborted(signal, abort);
    });
  }

  async #follow(): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type === 'disconnect') this.#lose();
      if (status.type === 'reconnect') this.#restore();
      if (status.type === 'close') this.end();
    }
    this.end();
  }

  #lose(): void {
    this.#isUp = false;
    this.#fail(new LineLost('the connection to NATS was lost'));
  }

  #fail(error: Error): void {
    for (const underWay of this.#underWay) underWay.fail(error);
  }

  #restore(): void {
    this.#isUp = true;
    for (const tell of this.#whenUp) tell();
  }
}

export function closedError(): EngineError {
  return new EngineError('closed', 'the connection to NATS is closed');
}

function headersOf(values: Record<string, string>): MsgHdrs {
  const headers = makeHeaders();
  for (const [name, value] of Object.entries(values)) headers.set(name, value);
  return headers;
}

import type { Duplex } from 'node:stream';
import { VmoError } from 'vmoffer';
import { toVmoError } from '../errors.js';
import { encodeFrame, FrameReader, LinkProtocolError, type Frame } from './codec.js';

/** How many requests the other end may have open. */
const MAX_OPEN_REQUESTS = 4096;
/** What may wait to be sent to one who does not read. */
const MAX_WAITING_BYTES = 64 << 20;
/** How many elements of a list are in one frame. An offer takes some three hundred bytes. */
const PART_LENGTH = 1000;

export interface LinkHandlers {
  onRequest?: (request: Record<string, unknown>) => unknown;
  onEvent?: (event: Record<string, unknown>) => void;
}

interface Waiter {
  parts: unknown[];
  resolve: (result: never) => void;
  reject: (error: Error) => void;
}

/** One end of the connection between a program and its agent. */
export class Link {
  /** Resolves when the connection has ended, in whatever way. */
  readonly closed: Promise<void>;
  readonly #stream: Duplex;
  readonly #handlers: LinkHandlers;
  readonly #waiters = new Map<number, Waiter>();
  readonly #reader = new FrameReader();
  #lastId = 0;
  #openRequests = 0;

  constructor(stream: Duplex, handlers: LinkHandlers) {
    this.#stream = stream;
    this.#handlers = handlers;
    this.closed = new Promise((resolve) => stream.once('close', resolve));
    stream.on('error', () => undefined); // 'close' follows
    stream.on('data', (chunk: Buffer) => {
      this.#onData(chunk);
    });
    stream.once('end', () => stream.destroy());
    void this.closed.then(() => {
      this.#abandon();
    });
  }

  request<Result>(request: object): Promise<Result> {
    const id = ++this.#lastId;
    return new Promise<Result>((resolve, reject) => {
      if (this.#stream.destroyed) {
        reject(linkEnded());
        return;
      }
      this.#waiters.set(id, { parts: [], resolve, reject });
      this.#send({ id, request });
    });
  }

  tell(event: object): void {
    this.#send({ event });
  }

  close(): void {
    this.#stream.destroy();
  }

  /** What was told before arrives before the end. */
  end(): void {
    this.#stream.end();
  }

  #send(frame: Frame): void {
    if (this.#stream.destroyed || this.#stream.writableEnded) return;
    this.#stream.write(encodeFrame(frame));
    if (this.#stream.writableLength > MAX_WAITING_BYTES) this.#stream.destroy();
  }

  #onData(chunk: Buffer): void {
    try {
      for (const frame of this.#reader.push(chunk)) this.#onFrame(frame);
    } catch (error) {
      if (!(error instanceof LinkProtocolError)) throw error;
      this.#stream.destroy();
    }
  }

  #onFrame(frame: Frame): void {
    if ('event' in frame) this.#handlers.onEvent?.(frame.event as Record<string, unknown>);
    else if ('request' in frame) void this.#answer(frame.id, frame.request as Record<string, unknown>);
    else if ('part' in frame) this.#waiters.get(frame.id)?.parts.push(...frame.part);
    else this.#settle(frame);
  }

  #settle(frame: { id: number; result: unknown } | { id: number; error: { code: string; message: string } }): void {
    const waiter = this.#waiters.get(frame.id);
    this.#waiters.delete(frame.id);
    if ('error' in frame) waiter?.reject(new VmoError(frame.error.code as VmoError['code'], frame.error.message));
    else if (waiter) waiter.resolve(joined(waiter.parts, frame.result) as never);
  }

  async #answer(id: number, request: Record<string, unknown>): Promise<void> {
    if (++this.#openRequests > MAX_OPEN_REQUESTS) {
      this.#stream.destroy();
      return;
    }
    try {
      this.#sendResult(id, (await this.#handlers.onRequest?.(request)) ?? null);
    } catch (error) {
      const { code, message } = toVmoError(error);
      this.#send({ id, error: { code, message } });
    } finally {
      this.#openRequests--;
    }
  }

  #sendResult(id: number, result: unknown): void {
    let rest = result;
    while (Array.isArray(rest) && rest.length > PART_LENGTH) {
      this.#send({ id, part: rest.slice(0, PART_LENGTH) });
      rest = rest.slice(PART_LENGTH);
    }
    this.#send({ id, result: rest });
  }

  #abandon(): void {
    for (const { reject } of this.#waiters.values()) reject(linkEnded());
    this.#waiters.clear();
  }
}

function joined(parts: readonly unknown[], result: unknown): unknown {
  return Array.isArray(result) ? [...parts, ...(result as unknown[])] : result;
}

function linkEnded(): VmoError {
  return new VmoError('ERR_VMO_PEER_GONE', 'the agent has ended, or the connection to it: join the cluster again');
}

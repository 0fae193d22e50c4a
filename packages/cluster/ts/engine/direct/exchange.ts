/** One request of a range over HTTPS. */
import type { IncomingMessage } from 'node:http';
import { request as sendRequest, type RequestOptions } from 'node:https';
import type { Socket } from 'node:net';
import { whenAborted } from '../when-aborted.js';

/** For reaching the holder: until a connection is free, or there, the handshake included. */
const CONNECTS_WITHIN_MS = 2000;
/** A holder that has not answered yet sends a sign of life four times in this time. */
const SILENCE_MS = 2000;

/** The holder could not be asked, or has not answered what can be an answer. The range may be had by way of the engine. */
export class DirectFailure extends Error {}

/**
 * Resolves to exactly so many bytes, or to undefined if the holder does not let them be had. Rejects with the reason of
 * a signal, or with a {@link DirectFailure}.
 */
export function exchange(
  options: RequestOptions,
  byteLength: number,
  signals: readonly AbortSignal[],
): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    for (const signal of signals) signal.throwIfAborted();
    const request = sendRequest(options);
    const silence = new Silence((what) => {
      request.destroy(); // which tells nobody while it waits for a connection
      fail(new DirectFailure(what));
    });
    const forgets = signals.map((signal) =>
      whenAborted(signal, () => {
        request.destroy();
        settle();
        reject(signal.reason as Error);
      }),
    );
    const settle = () => {
      for (const forget of forgets) forget();
      silence.end();
    };
    const fail = (cause: Error) => {
      settle();
      reject(cause instanceof DirectFailure ? cause : new DirectFailure(cause.message, { cause }));
    };
    const finish = (bytes: Uint8Array | undefined) => {
      settle();
      resolve(bytes);
    };
    request.on('error', fail);
    request.on('socket', (socket) => {
      silence.begin(socket);
    });
    request.on('information', () => {
      silence.broken();
    });
    request.on('response', (response) => {
      receive(response, byteLength, silence).then(finish, (error: unknown) => {
        request.destroy();
        fail(error as Error);
      });
    });
    request.end();
  });
}

async function receive(
  response: IncomingMessage,
  byteLength: number,
  silence: Silence,
): Promise<Uint8Array | undefined> {
  const { statusCode, headers } = response;
  if (statusCode === 403 || statusCode === 404) {
    response.resume();
    return undefined;
  }
  if (statusCode !== 206 || headers['content-length'] !== String(byteLength)) {
    throw new DirectFailure(`the holder answered ${statusCode} with ${headers['content-length'] ?? 'some'} bytes`);
  }
  return collect(response, byteLength, silence);
}

/** Never short: the promise rejects if the connection ends before. */
function collect(response: IncomingMessage, byteLength: number, silence: Silence): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const bytes = new Uint8Array(byteLength);
    let at = 0;
    response.on('data', (piece: Buffer) => {
      silence.broken();
      bytes.set(piece, at);
      at += piece.byteLength;
    });
    response.on('error', reject);
    response.on('end', () => {
      if (at === byteLength) resolve(bytes);
      else reject(new DirectFailure(`the holder answered ${at} bytes instead of ${byteLength}`));
    });
  });
}

/** Tells when there is no connection for too long, and then when nothing has been heard. */
class Silence {
  readonly #tell: (what: string) => void;
  #timer: NodeJS.Timeout;
  #hasEnded = false;

  constructor(tell: (what: string) => void) {
    this.#tell = tell;
    this.#timer = this.#start(CONNECTS_WITHIN_MS, 'no connection came about in time');
  }

  /** The request has got this socket. */
  begin(socket: Socket): void {
    if (socket.connecting)
      socket.once('secureConnect', () => {
        this.#listen();
      });
    else this.#listen();
  }

  broken(): void {
    if (!this.#hasEnded) this.#timer.refresh();
  }

  end(): void {
    this.#hasEnded = true;
    clearTimeout(this.#timer);
  }

  #listen(): void {
    if (this.#hasEnded) return;
    clearTimeout(this.#timer);
    this.#timer = this.#start(SILENCE_MS, 'the holder has fallen silent');
  }

  #start(ms: number, what: string): NodeJS.Timeout {
    return setTimeout(() => {
      this.#tell(what);
    }, ms);
  }
}

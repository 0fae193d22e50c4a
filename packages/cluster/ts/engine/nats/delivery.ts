import type { Msg } from '@nats-io/transport-node';

/** A server that does not say anything for so long has lost the consumer, or is lost. */
export const SILENCE_MS = 2500;

/** Where a message stands in its stream and in what its consumer was given, and how many are still to come. */
export interface Place {
  stream: number;
  delivery: number;
  pending: number;
}

/** What one consumer sends: it ends with a gap, with silence, or with the signal. */
export class Delivery {
  readonly ended: Promise<void>;
  readonly #take: (message: Msg, place: Place) => void;
  #delivered = 0;
  #silence: NodeJS.Timeout;
  #settle!: (error?: Error) => void;

  constructor(take: (message: Msg, place: Place) => void, signal: AbortSignal) {
    this.#take = take;
    this.#silence = this.#listenFor();
    this.ended = new Promise((resolve, reject) => {
      const end = () => {
        this.#settle();
      };
      signal.addEventListener('abort', end);
      this.#settle = (error) => {
        signal.removeEventListener('abort', end);
        clearTimeout(this.#silence);
        if (error) reject(error);
        else resolve();
      };
    });
    this.ended.catch(() => undefined);
  }

  receive(error: Error | null, message: Msg): void {
    if (error) {
      this.#settle(error);
      return;
    }
    clearTimeout(this.#silence);
    this.#silence = this.#listenFor();
    if (message.headers?.code === 100) {
      // A heartbeat says how many messages were sent before it.
      const last = Number(message.headers.get('Nats-Last-Consumer') || this.#delivered);
      if (last !== this.#delivered) this.end();
      return;
    }
    const place = placeOf(message.reply);
    if (place.delivery !== this.#delivered + 1) {
      this.end();
      return;
    }
    this.#delivered++;
    this.#take(message, place);
  }

  end(): void {
    this.#settle();
  }

  #listenFor(): NodeJS.Timeout {
    return setTimeout(() => {
      this.end();
    }, SILENCE_MS);
  }
}

/** `$JS.ACK.stream.consumer.deliveries.stream sequence.delivery sequence.time.pending` */
function placeOf(reply = ''): Place {
  const [, stream, delivery, , pending] = reply.split('.').slice(-5).map(Number);
  return { stream: stream ?? 0, delivery: delivery ?? 0, pending: pending ?? 0 };
}

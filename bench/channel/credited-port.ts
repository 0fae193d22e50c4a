/** Flow control for ways without back-pressure: limits how many messages are under way. */
import type { Port } from './event-end.js';

/** Copies each value before post() returns, and keeps it until it is delivered. */
export interface Poster {
  post(value: unknown): void;
  /** REQUIRES: is called only once. */
  subscribe(onValue: (value: unknown) => void): void;
}

/** After this many messages the receiver reports to the sender. */
const REPORT_EVERY = 256;
const MOST_UNDERWAY = 1024;

interface Report {
  received: number;
}

export class CreditedPort implements Port {
  readonly underway = 0;
  readonly #poster: Poster;
  readonly #decode: (value: unknown) => Uint8Array;
  #underway = 0;
  #received = 0;
  #resume: (() => void) | undefined;
  #onMessage: (message: Uint8Array) => void = () => {
    throw new Error('a message has come before anybody listens');
  };

  constructor(poster: Poster, decode = (value: unknown) => value as Uint8Array) {
    this.#poster = poster;
    this.#decode = decode;
    poster.subscribe((value) => {
      if (isReport(value)) this.#refill(value);
      else this.#deliver(value);
    });
  }

  post(message: Buffer): Promise<void> | undefined {
    this.#poster.post(message);
    this.#underway++;
    return this.#underway < MOST_UNDERWAY ? undefined : new Promise((resolve) => (this.#resume = resolve));
  }

  listen(onMessage: (message: Uint8Array) => void): void {
    this.#onMessage = onMessage;
  }

  #refill({ received }: Report): void {
    this.#underway -= received;
    this.#resume?.();
    this.#resume = undefined;
  }

  #deliver(value: unknown): void {
    this.#onMessage(this.#decode(value));
    if (++this.#received < REPORT_EVERY) return;
    this.#poster.post({ received: this.#received } satisfies Report);
    this.#received = 0;
  }
}

function isReport(value: unknown): value is Report {
  return typeof value === 'object' && value !== null && 'received' in value;
}

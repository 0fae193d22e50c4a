import { AckPolicy, DeliverPolicy, jetstreamManager, type ConsumerConfig } from '@nats-io/jetstream';
import { nanos, nuid, type Msg, type Subscription } from '@nats-io/transport-node';
import { EngineError } from '../engine.js';
import { Delivery, SILENCE_MS, type Place } from './delivery.js';
import { engineErrorOf } from './failures.js';
import type { Line } from './line.js';

const HEARTBEAT_MS = 1000;
const BETWEEN_TRIES_MS = 200;
const FORGOTTEN_AFTER_MS = 30_000;

export interface Followed {
  stream: string;
  filter: string;
  /** What the messages are sent to begins with it. */
  inbox: string;
  headersOnly?: boolean;
  /** Each message, in order. */
  take(message: Msg, place: Place): void;
  /** How many are to come when a consumer begins. */
  begin?(pending: number): void;
}

/**
 * Follows one filter of a stream. The consumer lives on one server, without a replica; when it falls silent or leaves a message
 * out, another is made that goes on where it was. The client's own ordered consumer does the same, but takes a minute to notice.
 */
export class Follower {
  readonly #line: Line;
  readonly #followed: Followed;
  #lastSequence = 0;

  constructor(line: Line, followed: Followed) {
    this.#line = line;
    this.#followed = followed;
  }

  /** Until the signal says so. Rejects if the server does not permit it, or when the connection is closed. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#follow(signal);
      } catch (error) {
        if (isFinal(error)) throw error;
        await this.#line.pause(BETWEEN_TRIES_MS, signal).catch(rethrowUnless(signal));
      }
    }
  }

  /** Resolves when this consumer is of no use any more. */
  async #follow(signal: AbortSignal): Promise<void> {
    await this.#line.up(signal);
    const inbox = `${this.#followed.inbox}.${nuid.next()}`;
    const delivery = new Delivery((message, place) => {
      this.#lastSequence = place.stream;
      this.#followed.take(message, place);
    }, signal);
    const subscription = this.#line.connection.subscribe(inbox, {
      callback: (error, message) => {
        delivery.receive(error, message);
      },
    });
    void subscription.closed.then(() => {
      delivery.end();
    });
    const forget = this.#line.whenLost(() => {
      delivery.end();
    });
    try {
      await this.#makeConsumer(inbox);
      await delivery.ended;
    } finally {
      forget();
      delivery.end();
      unsubscribe(subscription);
    }
  }

  async #makeConsumer(inbox: string): Promise<void> {
    const followed = this.#followed;
    const manager = await jetstreamManager(this.#line.connection, { checkAPI: false, timeout: SILENCE_MS });
    try {
      const { num_pending } = await manager.consumers.add(followed.stream, {
        ...this.#whence(),
        ...consumerOf(inbox, followed),
      });
      followed.begin?.(num_pending);
    } catch (error) {
      throw engineErrorOf(error);
    }
  }

  #whence(): Partial<ConsumerConfig> {
    return this.#lastSequence === 0
      ? { deliver_policy: DeliverPolicy.All }
      : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: this.#lastSequence + 1 };
  }
}

function consumerOf(inbox: string, { filter, headersOnly = false }: Followed): Partial<ConsumerConfig> {
  return {
    name: nuid.next(),
    deliver_subject: inbox,
    filter_subject: filter,
    ack_policy: AckPolicy.None,
    max_deliver: 1,
    idle_heartbeat: nanos(HEARTBEAT_MS),
    inactive_threshold: nanos(FORGOTTEN_AFTER_MS),
    num_replicas: 1,
    mem_storage: true,
    headers_only: headersOnly,
  };
}

function isFinal(error: unknown): boolean {
  return error instanceof EngineError && (error.reason === 'not-permitted' || error.reason === 'closed');
}

function rethrowUnless(signal: AbortSignal): (error: unknown) => void {
  return (error) => {
    if (!signal.aborted) throw error;
  };
}

function unsubscribe(subscription: Subscription): void {
  if (!subscription.isClosed()) subscription.unsubscribe();
}

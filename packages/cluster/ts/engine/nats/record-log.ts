import type { Msg } from '@nats-io/transport-node';
import type { ChangeQueue } from '../change-queue.js';
import type { OfferName } from '../engine.js';
import { decodeRecord } from '../record.js';
import { whenAborted } from '../when-aborted.js';
import type { Place } from './delivery.js';
import { Follower } from './follower.js';
import { closedError, type Line } from './line.js';
import { RecordState } from './record-state.js';
import { offerOfSubject, streams, subjects } from './subjects.js';

/** The revision that a message's writer has seen. */
export const REPLACES = 'Vmo-Replaces';
const WITHDRAWN_KEPT = 10_000;

interface Waiter {
  subject: string;
  sequence: number;
  tell: () => void;
}

/** Follows the logs of all records that name one peer, from their beginning, and tells what they come to. */
export class RecordLog {
  readonly #line: Line;
  readonly #bucket: string;
  readonly #self: string;
  readonly #states = new Map<string, RecordState>();
  readonly #withdrawn: string[] = [];
  readonly #queues = new Set<ChangeQueue>();
  readonly #waiters = new Set<Waiter>();
  readonly #stop = new AbortController();
  #hasBegun = false;
  #failure: Error | undefined;

  constructor(line: Line, bucket: string, self: string) {
    this.#line = line;
    this.#bucket = bucket;
    this.#self = self;
  }

  /** What is known now. It may be old. */
  known(name: OfferName): RecordState | undefined {
    this.#begin();
    return this.#states.get(subjects.record(this.#bucket, name));
  }

  /** The state once the log has been followed up to this sequence. */
  async upTo(name: OfferName, sequence: number, signal: AbortSignal): Promise<RecordState | undefined> {
    const isThere = () => (this.known(name)?.last ?? 0) >= sequence;
    while (!isThere()) {
      if (this.#failure) throw this.#failure;
      await this.#news(subjects.record(this.#bucket, name), sequence, signal);
    }
    return this.known(name);
  }

  /** Puts what stands into the queue, then each change, until the returned function is called. */
  watch(queue: ChangeQueue): () => void {
    this.#begin();
    if (this.#failure) queue.end(this.#failure);
    for (const { name, entry } of this.#states.values()) if (entry) queue.push({ name, entry: structuredClone(entry) });
    this.#queues.add(queue);
    return () => this.#queues.delete(queue);
  }

  end(): void {
    this.#stop.abort();
    this.#fail(closedError());
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    for (const filter of [
      subjects.recordsTo(this.#bucket, this.#self),
      subjects.recordsFrom(this.#bucket, this.#self),
    ]) {
      const follower = new Follower(this.#line, {
        stream: streams.book(this.#bucket),
        filter,
        inbox: subjects.inbox(this.#self),
        take: (message, place) => {
          this.#take(message, place);
        },
      });
      follower.run(this.#stop.signal).catch((error: unknown) => {
        this.#fail(error instanceof Error ? error : new Error(String(error)));
      });
    }
  }

  #take(message: Msg, place: Place): void {
    const { subject } = message;
    const name = offerOfSubject(subject);
    if (!name) return;
    const state = this.#states.get(subject) ?? new RecordState(name);
    if (place.stream <= state.last) return; // both filters have it, if a peer offers to itself
    this.#states.set(subject, state);
    this.#append(state, message, place.stream);
    for (const waiter of this.#waiters) if (waiter.subject === subject && waiter.sequence <= state.last) waiter.tell();
  }

  #append(state: RecordState, { subject, headers, data }: Msg, sequence: number): void {
    const { name } = state;
    const isWithdrawal = headers?.has('KV-Operation') ?? false;
    const record = isWithdrawal ? undefined : decodeRecord(name, data);
    const isRecord = isWithdrawal || record !== undefined;
    // What is no record replaces nothing: -1 is no revision.
    const replaces = isRecord ? Number(headers?.get(REPLACES) ?? 0) : -1;
    const entry = record && { record, revision: sequence };
    if (!state.append({ sequence, replaces, entry })) return;
    if (isWithdrawal) this.#forgetLater(subject);
    for (const queue of this.#queues) queue.push({ name, entry: structuredClone(entry) });
  }

  /** A withdrawn record's state is kept for a while: a rival's late message must not begin it anew. */
  #forgetLater(subject: string): void {
    if (this.#withdrawn.push(subject) <= WITHDRAWN_KEPT) return;
    const oldest = this.#withdrawn.shift();
    if (oldest !== undefined) this.#states.delete(oldest);
  }

  #news(subject: string, sequence: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        this.#waiters.delete(waiter);
        forget();
      };
      const abort = () => {
        settle();
        reject(signal.reason);
      };
      const tell = () => {
        settle();
        resolve();
      };
      const waiter = { subject, sequence, tell };
      signal.throwIfAborted();
      const forget = whenAborted(signal, abort);
      this.#waiters.add(waiter);
    });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const waiter of this.#waiters) waiter.tell();
    for (const queue of this.#queues) queue.end(error);
  }
}

import type { Inbox } from './inbox.js';
import type { Message } from './message.js';

const END = { value: undefined, done: true } as const;

/**
 * Iterates over the messages of a channel. Each call of next() invalidates the previous message, so one result object can
 * serve for every message that is there already.
 */
export class MessageIterator implements AsyncIterableIterator<Message, undefined> {
  readonly #inbox: Inbox;
  readonly #signal: AbortSignal | undefined;
  readonly #result = { value: undefined as unknown as Message, done: false as const };
  readonly #ready: Promise<IteratorResult<Message, undefined>> = Promise.resolve(this.#result);
  #isDone = false;

  constructor(inbox: Inbox, signal: AbortSignal | undefined) {
    this.#inbox = inbox;
    this.#signal = signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Message, undefined>> {
    if (this.#isDone) return Promise.resolve(END);
    if (this.#signal?.aborted) return this.#fail(this.#signal.reason);
    let message: Message | undefined;
    try {
      message = this.#inbox.receive() ?? this.#inbox.receiveSoon();
    } catch (error) {
      return this.#fail(error);
    }
    if (message === undefined) return this.#wait();
    this.#result.value = message;
    return this.#inbox.turns.isDue() ? this.#afterTurn() : this.#ready;
  }

  return(): Promise<IteratorResult<Message, undefined>> {
    this.#isDone = true;
    return Promise.resolve(END);
  }

  #fail(reason: unknown): Promise<never> {
    this.#isDone = true;
    return Promise.reject(reason);
  }

  async #afterTurn(): Promise<IteratorResult<Message, undefined>> {
    await this.#inbox.turns.give();
    return this.#result;
  }

  async #wait(): Promise<IteratorResult<Message, undefined>> {
    try {
      while (await this.#inbox.wait(this.#signal)) {
        const value = this.#inbox.receive();
        if (value !== undefined) return { value, done: false };
      }
    } catch (error) {
      return this.#fail(error);
    }
    this.#isDone = true;
    return END;
  }
}

/** Talks to a fixture program on another thread or in another process: calls with replies, and events. */
import { VmoError, type VmoErrorCode, type VmoErrorDetails } from 'vmoffer';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any function is a command
export type Commands = Record<string, (...args: any[]) => unknown>;

export interface Request {
  id: number;
  command: string;
  args: unknown[];
}

export interface RemoteError extends VmoErrorDetails {
  name: string;
  message: string;
  code?: string;
}

export type Message =
  { event: string; value?: unknown } | { reply: number; value?: unknown } | { reply: number; error: RemoteError };

interface Waiter {
  resolve: (value: unknown) => void;
  reject: (reason: Error) => void;
}

export class Remote<T extends Commands> {
  readonly #post: (request: Request) => void;
  readonly #replies = new Map<number, Waiter>();
  readonly #events = new Map<string, unknown[]>();
  readonly #listeners = new Map<string, Waiter[]>();
  #lastId = 0;
  #endedBy: Error | undefined;

  constructor(post: (request: Request) => void) {
    this.#post = post;
  }

  /** Runs a command there. Rejects with its error, and if the other side ends first. */
  call<K extends keyof T & string>(command: K, ...args: Parameters<T[K]>): Promise<Awaited<ReturnType<T[K]>>> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#replies.set(id, { resolve: resolve as (value: unknown) => void, reject });
      if (this.#endedBy) this.end(this.#endedBy);
      else this.#post({ id, command, args });
    });
  }

  /** The next event of that name, in order of arrival. Rejects if the other side ends first. */
  event<V = unknown>(name: string): Promise<V> {
    const waiting = this.#events.get(name);
    if (waiting?.length) return Promise.resolve(waiting.shift() as V);
    return new Promise((resolve, reject) => {
      listOf(this.#listeners, name).push({ resolve: resolve as (value: unknown) => void, reject });
      if (this.#endedBy) this.end(this.#endedBy);
    });
  }

  receive(message: Message): void {
    if ('event' in message) this.#deliver(message.event, message.value);
    else this.#settle(message);
  }

  #settle(message: Extract<Message, { reply: number }>): void {
    const waiter = this.#replies.get(message.reply);
    this.#replies.delete(message.reply);
    if ('error' in message) waiter?.reject(revive(message.error));
    else waiter?.resolve(message.value);
  }

  /** Nothing more will come. */
  end(reason: Error): void {
    this.#endedBy ??= reason;
    for (const waiter of [...this.#replies.values(), ...[...this.#listeners.values()].flat()]) waiter.reject(reason);
    this.#replies.clear();
    this.#listeners.clear();
  }

  #deliver(name: string, value: unknown): void {
    const listener = this.#listeners.get(name)?.shift();
    if (listener) listener.resolve(value);
    else listOf(this.#events, name).push(value);
  }
}

function listOf<V>(lists: Map<string, V[]>, name: string): V[] {
  const list = lists.get(name) ?? [];
  lists.set(name, list);
  return list;
}

function revive({ name, message, code, ...details }: RemoteError): Error {
  if (name === 'VmoError') return new VmoError(code as VmoErrorCode, message, details);
  return Object.assign(new Error(message), { name, ...(code !== undefined && { code }) });
}

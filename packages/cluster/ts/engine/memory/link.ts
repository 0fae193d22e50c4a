import { setTimeout as sleep } from 'node:timers/promises';
import { aborted } from '../aborted.js';
import { EngineError } from '../engine.js';

/** What happens to the answer of a compare-and-set. Either way the asker is told 'uncertain'. */
export type Loss = 'request' | 'answer';

/** The way between one peer and the hub, with the faults that a test wants it to have. */
export class Link {
  /** How long each crossing takes; a request makes two. */
  delayMs = 0;
  /** How long a call without a signal waits for a link that is cut. */
  patienceMs = 5000;
  #mended: PromiseWithResolvers | undefined;
  #losses: Loss[] = [];

  get isCut(): boolean {
    return this.#mended !== undefined;
  }

  /** Nothing crosses until mend(). Nobody is told, as when a cable is pulled. */
  cut(): void {
    this.#mended ??= withResolvers();
  }

  mend(): void {
    this.#mended?.resolve();
    this.#mended = undefined;
  }

  /** The next compare-and-set loses its request, which then has no effect, or its answer. May be called several times. */
  lose(what: Loss): void {
    this.#losses.push(what);
  }

  takeLoss(): Loss | undefined {
    return this.#losses.shift();
  }

  /** Rejects with the signal's reason if that comes first. */
  async cross(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.delayMs > 0) await sleep(this.delayMs, undefined, { signal }).catch(() => undefined);
    signal.throwIfAborted();
    while (this.#mended) await this.#wait(this.#mended.promise, signal);
  }

  /** Runs it with a signal that ends the wait for a cut link with 'timeout'. */
  async withPatience<Result>(run: (patience: AbortSignal) => Promise<Result>): Promise<Result> {
    const patience = new AbortController();
    const message = `no answer within ${this.patienceMs} ms: the link to the hub is cut or slow`;
    const timer = setTimeout(() => {
      patience.abort(new EngineError('timeout', message));
    }, this.patienceMs);
    try {
      return await run(patience.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  async #wait(mended: Promise<void>, signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    try {
      await Promise.race([mended, aborted(signal, done.signal)]);
    } finally {
      done.abort();
    }
  }
}

interface PromiseWithResolvers {
  promise: Promise<void>;
  resolve: () => void;
}

function withResolvers(): PromiseWithResolvers {
  let resolve!: () => void;
  const promise = new Promise<void>((whenResolved) => (resolve = whenResolved));
  return { promise, resolve };
}

import type { Change } from './engine.js';

/** Changes that a watcher has not taken yet. One that another has overtaken is left out, so that a slow watcher stays bounded. */
export class ChangeQueue {
  readonly #pending = new Map<string, Change>();
  #wake: (() => void) | undefined;
  #end: { cause: Error | undefined } | undefined;

  push(change: Change): void {
    const { id } = change.name;
    this.#pending.delete(id);
    this.#pending.set(id, change);
    this.#wake?.();
  }

  /** Those who take changes get what is left, then the end, or `cause`. */
  end(cause?: Error): void {
    this.#end ??= { cause };
    this.#wake?.();
  }

  async *take(): AsyncGenerator<Change, void> {
    for (;;) {
      for (const [id, change] of this.#pending) {
        this.#pending.delete(id);
        yield change;
      }
      if (this.#pending.size > 0) continue;
      if (this.#end?.cause !== undefined) throw this.#end.cause;
      if (this.#end) return;
      await new Promise<void>((wake) => (this.#wake = wake));
    }
  }
}

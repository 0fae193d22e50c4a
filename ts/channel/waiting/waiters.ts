interface Waiter {
  resolve: () => void;
  reject: (reason: unknown) => void;
}

/** The promises that wait for one event. */
export class Waiters {
  readonly #waiting = new Set<Waiter>();

  get size(): number {
    return this.#waiting.size;
  }

  /** Resolves at the next wake(). Rejects with the signal's reason if the signal aborts. */
  wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.delete(waiter);
        reject(signal?.reason);
      };
      const leave = () => {
        signal?.removeEventListener('abort', onAbort);
      };
      const waiter = {
        resolve: () => {
          leave();
          resolve();
        },
        reject,
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(waiter);
    });
  }

  /** Resolves all promises. Each waiter must then check again whether it can go on. */
  wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const { resolve } of waiting) resolve();
  }
}

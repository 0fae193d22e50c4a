/** Once it is this old, a request is looked after. Each look has as long. */
export const LOOK_MS = 200;

interface Waiting {
  subject: string;
  isOld: boolean;
  bark(): void;
}

/**
 * Finds out whether those who are asked are still there. A server says 'no responders' to who asks anew, and nothing to who
 * waits for an answer that will not come any more.
 */
export class Watchdog {
  readonly #isGone: (subject: string) => Promise<boolean>;
  readonly #waiting = new Set<Waiting>();
  #timer: NodeJS.Timeout | undefined;

  /** @param isGone asks; it must not reject. */
  constructor(isGone: (subject: string) => Promise<boolean>) {
    this.#isGone = isGone;
  }

  /** Runs it with a signal that is aborted with `reason` once nobody answers for the subject. */
  async guard<Result>(subject: string, bark: () => void, run: () => Promise<Result>): Promise<Result> {
    const waiting = { subject, isOld: false, bark };
    this.#waiting.add(waiting);
    this.#timer ??= setInterval(() => {
      void this.#look();
    }, LOOK_MS);
    try {
      return await run();
    } finally {
      this.#waiting.delete(waiting);
      if (this.#waiting.size === 0) this.#rest();
    }
  }

  async #look(): Promise<void> {
    const old = [...this.#waiting].filter(({ isOld }) => isOld);
    for (const waiting of this.#waiting) waiting.isOld = true;
    const subjects = new Set(old.map(({ subject }) => subject));
    await Promise.all(
      Array.from(subjects, async (subject) => {
        if (!(await this.#isGone(subject))) return;
        for (const waiting of old) if (waiting.subject === subject) waiting.bark();
      }),
    );
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

import { aborted } from '../aborted.js';
import type { AnswerRange, Service } from '../engine.js';

/** One who answers: ranges under way are counted, so that close() can wait for them. */
export class Answerer implements Service {
  readonly #answer: AnswerRange;
  readonly #remove: () => void;
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #killed = new AbortController();

  constructor(answer: AnswerRange, remove: () => void) {
    this.#answer = answer;
    this.#remove = remove;
  }

  /**
   * Resolves to a copy of the bytes: the answerer may change its own afterwards.
   *
   * @param gone what the asker is told if the answerer is killed meanwhile.
   */
  async ask(run: (answer: AnswerRange) => Promise<Uint8Array>, signal: AbortSignal, gone: Error): Promise<Uint8Array> {
    const asked = run(this.#answer).then((bytes) => bytes.slice());
    this.#underWay.add(asked);
    const done = new AbortController();
    const killed = aborted(this.#killed.signal, done.signal).catch(() => {
      throw gone;
    });
    try {
      return await Promise.race([asked, aborted(signal, done.signal), killed]);
    } finally {
      this.#underWay.delete(asked);
      done.abort();
    }
  }

  async close(): Promise<void> {
    this.#remove();
    await Promise.allSettled(this.#underWay);
  }

  kill(): void {
    this.#remove();
    this.#killed.abort();
  }
}

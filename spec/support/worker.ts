/** Runs fixture programs as worker threads of this process. `await using worker = await startWorker(…)`. */
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ObedientCommands } from '../../fixtures/obedient.js';
import { projectRoot } from './project.js';
import { Remote, type Commands, type Message } from './remote.js';

export class FixtureWorker<T extends Commands> {
  /** Resolves to the exit code. */
  readonly ended: Promise<number>;
  readonly #worker: Worker;
  readonly #remote: Remote<T>;

  constructor(worker: Worker) {
    this.#worker = worker;
    this.#remote = new Remote((request) => {
      worker.postMessage(request);
    });
    worker.on('message', (message: Message) => {
      this.#remote.receive(message);
    });
    worker.on('error', (error: Error) => {
      this.#remote.end(error);
    });
    this.ended = once(worker, 'exit').then(([code]) => {
      this.#remote.end(new Error(`the worker has ended with code ${code}`));
      return code as number;
    });
  }

  readonly call: Remote<T>['call'] = (command, ...args) => this.#remote.call(command, ...args);

  event<V = unknown>(name: string): Promise<V> {
    return this.#remote.event(name);
  }

  /** Sends a message that is no command, for programs that wait for one. */
  wake(): void {
    this.#worker.postMessage(undefined);
  }

  /** From now on it does not keep this process alive. */
  unref(): void {
    this.#worker.unref();
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.terminate();
  }
}

export async function startWorker<T extends Commands = ObedientCommands>(name = 'obedient', workerData?: unknown) {
  const worker = new FixtureWorker<T>(
    new Worker(join(projectRoot, 'out', 'js', 'fixtures', `${name}.js`), { workerData }),
  );
  await worker.event('ready');
  return worker;
}

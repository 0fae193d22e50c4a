import { Worker } from 'node:worker_threads';
import { addon } from '../load-addon.js';
import { log } from '../log.js';
import type { CheckedModule } from './load.js';
import { messageOf, type SupplyName } from './serve.js';
import type { SupplierNews, SupplierTask } from './worker-main.js';

/** How long a supplier may take to give back what it holds, once its region has been released. */
const PATIENCE_MS = 5000;

/**
 * Runs a supplier's module in a Worker of its own, which does not keep the process alive. If a Worker ends that has supplied,
 * another takes its place. If one cannot load its supplier, all that is wanted fails, until `start()` is called again.
 */
export class SupplierWorker {
  readonly #task: SupplierTask;
  #worker: Worker | undefined;
  #isOver = false;

  constructor(supplier: CheckedModule, name: SupplyName, byteLength: number) {
    this.#task = { supplier, name, byteLength };
  }

  /** Nothing, if a Worker is there. */
  start(): void {
    if (this.#worker || this.#isOver) return;
    const worker = new Worker(new URL('./worker-main.js', import.meta.url), { workerData: this.#task });
    worker.unref();
    this.#worker = worker;
    let news: SupplierNews | undefined;
    let cause: unknown;
    worker.once('message', (message: SupplierNews) => (news = message));
    worker.once('error', (error) => (cause = error));
    worker.once('exit', (code) => {
      this.#onExit(news, cause ? messageOf(cause) : `it ended with exit code ${code}`);
    });
  }

  /** The supplier gives back what it holds. */
  stop(): void {
    this.#isOver = true;
    const worker = this.#worker;
    if (!worker) return;
    worker.postMessage('stop');
    const timer = setTimeout(() => void worker.terminate(), PATIENCE_MS).unref();
    worker.once('exit', () => {
      clearTimeout(timer);
    });
  }

  #onExit(news: SupplierNews | undefined, why: string): void {
    this.#worker = undefined;
    if (this.#isOver || news === 'refuses') return;
    const { address, number } = this.#task.name;
    log.supply('the Worker that supplies memory %d has ended: %s', number, why);
    if (news === 'serves') this.start();
    else addon().refuseSupply(address, number, `the supplier's Worker ended before it had loaded its supplier: ${why}`);
  }
}

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { SupplyStats } from 'vmoffer';
import type { Memory, Order, Reply } from './orders.js';

/** A process that supplies memory to this one and to others. It takes one command at a time. */
export class SupplyingProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<never>;

  /** @param addon `probe` for native suppliers: `npm run build:probe` makes it. */
  constructor(addon: 'vmoffer' | 'probe' = 'vmoffer') {
    const program = fileURLToPath(new URL('source.js', import.meta.url));
    const env = { ...process.env, ...(addon === 'probe' && { VMOFFER_ADDON: addon }) };
    this.#child = fork(program, { serialization: 'advanced', env });
    this.#ended = once(this.#child, 'exit').then(() => Promise.reject(new Error('the supplying process has ended')));
    this.#ended.catch(() => undefined);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async supply(memory: Memory): Promise<void> {
    await this.#tell({ kind: 'supply', memory });
  }

  /** Resolves to the address to claim. */
  async offer(destPid = process.pid): Promise<bigint> {
    const { address = 0n } = await this.#tell({ kind: 'offer', destPid });
    return address;
  }

  async stats(): Promise<SupplyStats> {
    const { stats } = await this.#tell({ kind: 'stats' });
    if (!stats) throw new Error('the supplying process did not count');
    return stats;
  }

  async release(): Promise<void> {
    await this.#tell({ kind: 'release' });
  }

  async setBusy(isBusy: boolean): Promise<void> {
    await this.#tell({ kind: 'busy', isBusy });
  }

  /** Resolves to the milliseconds that the supplier takes by itself. */
  async alone(memory: Memory, inFlight: number): Promise<number> {
    const { ms = NaN } = await this.#tell({ kind: 'alone', memory, inFlight });
    return ms;
  }

  /** Resolves when it has ended. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended.catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#ended.catch(() => undefined);
  }

  async #tell(order: Order): Promise<Reply> {
    this.#child.send(order);
    const answered = new Promise<Reply>((resolve) =>
      this.#child.once('message', (reply) => {
        resolve(reply as Reply);
      }),
    );
    return Promise.race([answered, this.#ended]);
  }
}

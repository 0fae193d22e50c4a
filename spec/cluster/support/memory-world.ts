import type { Engine } from '#cluster/engine/engine.js';
import { MemoryHub } from '#cluster/engine/memory/memory-hub.js';
import type { World } from '../engine/contract.js';

/** Peers of one process. */
export class MemoryWorld implements World {
  readonly #hub = new MemoryHub();
  readonly #engines: Engine[] = [];

  readonly connect = (self: string): Promise<Engine> => {
    const engine = this.#hub.connect(self);
    this.#engines.push(engine);
    return Promise.resolve(engine);
  };

  kill(peer: string): void {
    this.#hub.kill(peer);
  }

  cut(peer: string): void {
    this.#hub.link(peer).cut();
  }

  mend(peer: string): void {
    this.#hub.link(peer).mend();
  }

  lose(peer: string, what: 'request' | 'answer'): void {
    this.#hub.link(peer).lose(what);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#engines.map((engine) => engine.close()));
  }
}

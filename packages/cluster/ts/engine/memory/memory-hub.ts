import type { Engine } from '../engine.js';
import { checkName } from '../names.js';
import type { Answerer } from './answerer.js';
import { Book } from './book.js';
import { Link } from './link.js';
import { MemoryEngine } from './memory-engine.js';
import { Units } from './units.js';

/** What stands for the server where all peers live in one process: for tests, and for examples that need no server. */
export class MemoryHub {
  readonly book = new Book();
  readonly units = new Units();
  /** Who answers, by `holder.reader.object`, or by the peer for ping(). */
  readonly services = new Map<string, Answerer>();
  readonly #connections = new Set<MemoryEngine>();
  readonly #links = new Map<string, Link>();

  connect(self: string): Engine {
    checkName('a peer', self);
    const engine = new MemoryEngine(this, self);
    this.#connections.add(engine);
    void engine.closed.then(() => this.#connections.delete(engine));
    return engine;
  }

  /** Ends every connection of this peer, as when its process is killed. */
  kill(peer: string): void {
    const killed = [...this.#connections].filter(({ self }) => self === peer);
    for (const engine of killed) engine.kill(new Error(`${peer} was killed`));
  }

  /** The link of every connection of this peer, also of later ones. */
  link(peer: string): Link {
    const link = this.#links.get(peer) ?? new Link();
    this.#links.set(peer, link);
    return link;
  }
}

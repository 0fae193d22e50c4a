import { DirectEngine } from '#cluster/engine/direct/direct-engine.js';
import type { Engine } from '#cluster/engine/engine.js';
import { Watcher, type World } from '../engine/contract.js';
import type { Authority } from './certificates.js';
import { freePorts } from './nats-server.js';
import { makeRecord } from './records.js';
import { TcpProxy } from './tcp-proxy.js';

/** What a reader has counted. */
export class Counted {
  direct = 0;
  readonly failures: string[] = [];

  readonly readDirectly = (): void => {
    this.direct++;
  };

  readonly fellBack = ({ message }: Error): void => {
    this.failures.push(message);
  };
}

/** Peers that reach each other directly besides the world in which they meet. What one serves is announced to its reader. */
export class DirectWorld implements World {
  readonly #base: World;
  readonly #authority: Authority;
  readonly #counted: Counted;
  readonly #engines: DirectEngine[] = [];
  readonly #watchers = new Map<string, Watcher>();
  readonly #proxies = new Map<string, TcpProxy>();

  constructor(base: World, authority: Authority, counted: Counted) {
    this.#base = base;
    this.#authority = authority;
    this.#counted = counted;
  }

  readonly connect = async (self: string): Promise<Engine> => {
    const [port = 0] = await freePorts(1);
    const proxy = await TcpProxy.start(port);
    this.#proxies.set(self, proxy);
    const options = {
      tls: this.#authority.signPeer(self),
      listen: { host: '127.0.0.1', port },
      advertise: { port: proxy.port },
    };
    const engine = await DirectEngine.start(await this.#base.connect(self), options, this.#counted);
    this.#engines.push(engine);
    this.#watchers.set(self, new Watcher(engine));
    return this.#announcing(engine);
  };

  kill(peer: string): void {
    this.#base.kill(peer);
    this.#proxies.get(peer)?.cut();
  }

  cut(peer: string): void {
    this.#base.cut(peer);
    this.#proxies.get(peer)?.cut();
  }

  mend(peer: string): void {
    this.#base.mend(peer);
    this.#proxies.get(peer)?.mend();
  }

  lose(peer: string, what: 'request' | 'answer'): void {
    this.#base.lose(peer, what);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#watchers.values()].map((watcher) => watcher.end()));
    await Promise.all(this.#engines.map((engine) => engine.close()));
    await this.#base[Symbol.asyncDispose]();
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy[Symbol.asyncDispose]()));
  }

  #announcing(engine: DirectEngine): Engine {
    const serve: Engine['serve'] = async (object, reader, answer) => {
      const service = await engine.serve(object, reader, answer);
      const changes = engine.direct ? { object, direct: engine.direct } : { object };
      const { record } = await engine.announce(makeRecord(engine.self, reader, changes));
      await this.#watchers.get(reader)?.sees(({ name }) => name.id === record.id);
      return service;
    };
    return new Proxy<Engine>(engine, {
      get(target, name) {
        if (name === 'serve') return serve;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  }
}

import { connectNats } from '#cluster/engine/nats/connect.js';
import { nats, type NatsOptions } from '#cluster/engine/nats/description.js';
import type { Engine } from '#cluster/engine/engine.js';
import type { World } from '../engine/contract.js';
import { TcpProxy } from './tcp-proxy.js';

let worlds = 0;

/** Peers of one server, each behind a proxy of its own. Every world has a bucket of its own, so that a server serves many. */
export class NatsWorld implements World {
  readonly bucket = `world-${process.pid}-${worlds++}`;
  readonly proxies = new Map<string, TcpProxy>();
  readonly #port: number;
  readonly #options: Omit<NatsOptions, 'servers'>;
  readonly #engines: Engine[] = [];

  constructor(port: number, options: Omit<NatsOptions, 'servers'> = {}) {
    this.#port = port;
    this.#options = options;
  }

  readonly connect = async (self: string): Promise<Engine> => {
    const proxy = this.proxies.get(self) ?? (await TcpProxy.start(this.#port));
    this.proxies.set(self, proxy);
    const description = nats({ bucket: this.bucket, ...this.#options, servers: proxy.url });
    const engine = await connectNats(description, self);
    this.#engines.push(engine);
    return engine;
  };

  proxy(peer: string): TcpProxy {
    const proxy = this.proxies.get(peer);
    if (!proxy) throw new Error(`${peer} has not connected`);
    return proxy;
  }

  kill(peer: string): void {
    this.proxy(peer).cut();
  }

  cut(peer: string): void {
    this.proxy(peer).cut();
  }

  mend(peer: string): void {
    this.proxy(peer).mend();
  }

  lose(peer: string, what: 'request' | 'answer'): void {
    const proxy = this.proxy(peer);
    void (what === 'request' ? proxy.snapAt('up', `HPUB $KV.${this.bucket}`) : proxy.snapAt('down', '"seq":'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#engines.map((engine) => engine.close()));
    await Promise.all([...this.proxies.values()].map((proxy) => proxy[Symbol.asyncDispose]()));
  }
}

/** Stands between a client and a server: delays, throttles, cuts, and loses what a spec wants lost. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

interface Pair {
  client: Socket;
  server: Socket;
}

type Way = 'up' | 'down';

export class TcpProxy implements AsyncDisposable {
  /** How long each piece is held back, each way. */
  delayMs = 0;
  /** How many bytes pass each way in a second. */
  bytesPerSecond = Infinity;
  /** How many bytes have passed. */
  readonly passed = { up: 0, down: 0 };
  readonly #target: number;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #isCut = false;
  #isStalled = false;
  #snap: { way: Way; text: string } | undefined;
  #snapped: (() => void) | undefined;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((client) => {
      this.#accept(client);
    });
  }

  static async start(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Ends every connection, and each that is made until mend(). */
  cut(): void {
    this.#isCut = true;
    for (const pair of this.#pairs) destroy(pair);
  }

  mend(): void {
    this.#isCut = false;
    this.#isStalled = false;
    for (const { client, server } of this.#pairs) {
      client.resume();
      server.resume();
    }
  }

  /** Nothing passes any more, and nobody is told, as when a cable is pulled. */
  stall(): void {
    this.#isStalled = true;
    for (const { client, server } of this.#pairs) {
      client.pause();
      server.pause();
    }
  }

  /**
   * Ends the connection at the next piece that has this text. It is lost with the connection. Resolves when that has happened.
   *
   * @param way 'up' to the server, 'down' to the client.
   */
  snapAt(way: Way, text: string): Promise<void> {
    this.#snap = { way, text };
    return new Promise((resolve) => (this.#snapped = resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  #accept(client: Socket): void {
    if (this.#isCut) {
      client.destroy();
      return;
    }
    const pair = { client, server: connect(this.#target, '127.0.0.1') };
    this.#pairs.add(pair);
    this.#pump(pair, client, pair.server, 'up');
    this.#pump(pair, pair.server, client, 'down');
  }

  #pump(pair: Pair, from: Socket, to: Socket, way: Way): void {
    const end = () => {
      destroy(pair);
      this.#pairs.delete(pair);
    };
    from.setNoDelay(true);
    from.on('error', end).on('close', end);
    let last = Promise.resolve();
    from.on('data', (piece: Buffer) => {
      if (this.#isToBeLost(way, piece)) {
        end();
        this.#snapped?.();
        return;
      }
      this.passed[way] += piece.byteLength;
      const due = performance.now() + this.delayMs;
      last = last.then(async () => {
        await this.#hold(piece, due);
        if (!to.destroyed && !to.write(piece)) await this.#slowDown(from, to);
      });
    });
    if (this.#isStalled) from.pause();
  }

  async #hold({ byteLength }: Buffer, due: number): Promise<void> {
    const ms = Math.max(0, due - performance.now()) + (byteLength / this.bytesPerSecond) * 1000;
    if (ms > 0) await pause(ms);
  }

  async #slowDown(from: Socket, to: Socket): Promise<void> {
    from.pause();
    await Promise.race([once(to, 'drain'), once(to, 'close')]);
    if (!this.#isStalled) from.resume();
  }

  #isToBeLost(way: Way, piece: Buffer): boolean {
    if (this.#snap?.way !== way || !piece.includes(this.#snap.text)) return false;
    this.#snap = undefined;
    return true;
  }
}

function destroy({ client, server }: Pair): void {
  client.destroy();
  server.destroy();
}

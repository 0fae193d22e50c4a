import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export { FILLING } from './filling.js';

export type Order =
  | { kind: 'offer'; byteLength: number; flags: number; hugePages: boolean }
  | { kind: 'crowd'; count: number; partBytes?: number | undefined; destPid?: number | undefined }
  | { kind: 'claim'; from: number; address: bigint; count: number; partBytes: number }
  | { kind: 'offerMany'; count: number; byteLength: number; flags: number }
  | { kind: 'serve'; byteLength: number; path: string }
  | { kind: 'send'; byteLength: number };

export interface Reply {
  address: bigint;
  addresses?: bigint[];
  bytes?: Uint8Array;
  ms?: number;
}

/** A process that holds memory and offers it to this one. It takes one command at a time. */
export class SourceProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<never>;

  constructor() {
    const program = fileURLToPath(new URL('source.js', import.meta.url));
    this.#child = fork(program, [String(process.pid)], { serialization: 'advanced' });
    this.#ended = once(this.#child, 'exit').then(() => Promise.reject(new Error('the source process has ended')));
    this.#ended.catch(() => undefined);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Offers a region of that length whose pages all exist. Resolves to its address. */
  async offer(byteLength: number, flags: number, { hugePages = false } = {}): Promise<bigint> {
    const { address } = await this.#tell({ kind: 'offer', byteLength, flags, hugePages });
    return address;
  }

  /** Offers `count` regions of that length whose pages all exist. Resolves to their addresses. */
  async offerMany(count: number, byteLength: number, flags: number): Promise<bigint[]> {
    const { addresses = [] } = await this.#tell({ kind: 'offerMany', count, byteLength, flags });
    return addresses;
  }

  /**
   * Makes `count` offers of adjacent parts of one region, of `partBytes` or a page each. They stand until they are claimed. A
   * second call makes the same offers again. Resolves to the address of the first.
   */
  async crowd(count: number, { partBytes, destPid }: { partBytes?: number; destPid?: number } = {}): Promise<bigint> {
    const { address } = await this.#tell({ kind: 'crowd', count, partBytes, destPid });
    return address;
  }

  /** Claims `count` parts that another process offers with crowd(), one by one, and releases each. Resolves to milliseconds. */
  async claim(from: number, address: bigint, count: number, partBytes: number): Promise<number> {
    const { ms = NaN } = await this.#tell({ kind: 'claim', from, address, count, partBytes });
    return ms;
  }

  /** From now on sends up to `byteLength` bytes to each process that connects to a UNIX socket and asks for them. */
  async serve(byteLength: number, path: string): Promise<void> {
    await this.#tell({ kind: 'serve', byteLength, path });
  }

  /** Sends the bytes as a message of node:child_process, with advanced serialization. */
  async send(byteLength: number): Promise<Uint8Array> {
    const { bytes = new Uint8Array() } = await this.#tell({ kind: 'send', byteLength });
    return bytes;
  }

  async stop(): Promise<void> {
    this.#child.disconnect();
    await this.#ended.catch(() => undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
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

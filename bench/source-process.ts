import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What every byte of a source's memory is. */
export const FILLING = 0x5a;

export type Order =
  { kind: 'offer'; byteLength: number; flags: number } | { kind: 'serve'; byteLength: number; path: string };

export interface Reply {
  address: bigint;
}

/** A process that holds memory and offers it to this one. It is told one thing at a time. */
export class SourceProcess {
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

  /** Offers a region of that length, whose pages are all there; resolves to its address. */
  offer(byteLength: number, flags: number): Promise<bigint> {
    return this.#tell({ kind: 'offer', byteLength, flags });
  }

  /** From now on sends the same bytes to whoever connects to a UNIX socket. */
  async serve(byteLength: number, path: string): Promise<void> {
    await this.#tell({ kind: 'serve', byteLength, path });
  }

  async stop(): Promise<void> {
    this.#child.disconnect();
    await this.#ended.catch(() => undefined);
  }

  async #tell(order: Order): Promise<bigint> {
    this.#child.send(order);
    const answered = new Promise<Reply>((resolve) =>
      this.#child.once('message', (reply) => {
        resolve(reply as Reply);
      }),
    );
    const { address } = await Promise.race([answered, this.#ended]);
    return address;
  }
}

/** Node's own UNIX socket: each message written by itself, or corked, so that 32 go by one call. */
import { once } from 'node:events';
import { connect, createServer, type IpcNetConnectOpts, type Socket } from 'node:net';
import type { Way } from '../end.js';
import { EventEnd, type Port } from '../event-end.js';
import { Frames } from '../frames.js';
import { BATCH, type Run } from '../run.js';
import { startSecond } from '../second-process.js';

/** What a socket keeps before it says that the sender must wait. Less and more were slower, corked. */
const HIGH_WATER_MARK = 64 << 10;

export const netWay = netWayOf(1);
export const corkedNetWay = netWayOf(BATCH);

function netWayOf(batch: number): Way {
  return {
    async openFirst(run: Run) {
      const server = createServer().listen(pathOf(process.pid));
      await once(server, 'listening');
      startSecond(run);
      const [socket] = (await once(server, 'connection')) as [Socket];
      server.close();
      return new EventEnd(new SocketPort(socket, run, batch));
    },
    async openSecond(run: Run, firstPid: number) {
      const socket = connect({ path: pathOf(firstPid), highWaterMark: HIGH_WATER_MARK } as IpcNetConnectOpts);
      await once(socket, 'connect');
      return new EventEnd(new SocketPort(socket, run, batch));
    },
  };
}

/** Without a file: an abstract address begins with a zero byte. */
function pathOf(pid: number): string {
  return `\0vmoffer-bench-messages-${pid}`;
}

class SocketPort implements Port {
  readonly underway: number;
  readonly #socket: Socket;
  readonly #byteLength: number;
  readonly #batch: number;
  #corked = 0;

  constructor(socket: Socket, { byteLength, kind }: Run, batch: number) {
    this.#socket = socket;
    this.#byteLength = byteLength;
    this.underway = Math.ceil(HIGH_WATER_MARK / byteLength) + 2 * BATCH;
    this.#batch = kind === 'one-way' ? batch : 1;
  }

  post(message: Buffer, isLast: boolean): Promise<unknown> | undefined {
    if (this.#batch > 1 && this.#corked++ === 0) this.#socket.cork();
    this.#socket.write(message);
    if (this.#batch > 1 && (this.#corked === this.#batch || isLast)) {
      this.#socket.uncork();
      this.#corked = 0;
    }
    const mustWait = this.#corked === 0 && this.#socket.writableNeedDrain;
    return mustWait ? once(this.#socket, 'drain') : undefined;
  }

  /** Messages are found by their length, which both sides know. */
  listen(onMessage: (message: Uint8Array) => void): void {
    const frames = new Frames(this.#byteLength, onMessage);
    this.#socket.on('data', (chunk: Uint8Array) => {
      frames.add(chunk);
    });
  }
}

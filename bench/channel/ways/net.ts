/** Node's own UNIX socket. Each message is written by itself, or the socket is corked so that one call writes 32. */
import { once } from 'node:events';
import { connect, createServer, type IpcNetConnectOpts, type Socket } from 'node:net';
import type { Way } from '../end.js';
import { EventEnd, type Port } from '../event-end.js';
import { Frames } from '../frames.js';
import { BATCH, type Run } from '../run.js';
import { startSecond } from '../second-process.js';

/** How much a socket buffers before the sender must wait. For corked sockets, less and more were slower. */
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

/** An abstract address, which needs no file. It begins with a zero byte. */
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

  /** Both sides know the length of a message, so the stream has no separators. */
  listen(onMessage: (message: Uint8Array) => void): void {
    const frames = new Frames(this.#byteLength, onMessage);
    this.#socket.on('data', (chunk: Uint8Array) => {
      frames.add(chunk);
    });
  }
}

/** The peer that every Node.js program has: sends bytes through a UNIX socket, as fast as Node.js can. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { loadReader } from './peers/reader.js';
import { MIB } from './units.js';

/** The size of one write and one read. Larger and smaller ones were not faster. */
const CHUNK_BYTES = MIB;
const REQUEST_BYTES = 8;

/** A socket without a file, gone with the process (an abstract address, which begins with a zero byte). */
export function socketPath(): string {
  return `\0vmoffer-bench-${process.pid}`;
}

/** Sends each process that connects as many bytes as it asks for. */
export async function serveBytes(path: string, bytesOf: (byteLength: number) => Uint8Array): Promise<Server> {
  const server = createServer((socket) => {
    // If a receiver goes away, it reports the missing bytes itself.
    socket.on('error', () => socket.destroy());
    socket.on('data', (request) => void sendAll(socket, bytesOf(Number(request.readBigUInt64LE()))));
  });
  server.listen(path);
  await once(server, 'listening');
  return server;
}

async function sendAll(socket: Socket, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    if (!socket.write(bytes.subarray(at, at + CHUNK_BYTES))) await once(socket, 'drain');
  }
}

interface Delivery {
  /** Called when some of the bytes are there. */
  onFirst: () => void;
  onAll: (sum: bigint) => void;
  onError: (error: Error) => void;
}

/**
 * An open connection. It sums up the bytes in place. They arrive in one chunk that is used again and again, which is the
 * cheapest way to receive but leaves the receiver without them, or in memory for all of them.
 */
export class SocketReceiver implements Disposable {
  readonly #socket: Socket;
  readonly #room: Uint8Array;
  #delivery: Delivery | undefined;
  #filled = 0;
  #taken = 0;
  #expected = 0;
  #sum = 0n;

  private constructor(path: string, room: Uint8Array) {
    this.#room = room;
    const callback = (byteLength: number): boolean => {
      this.#take(byteLength);
      return true;
    };
    this.#socket = connect({ path, onread: { buffer: () => this.#room.subarray(this.#filled), callback } });
    this.#socket.on('error', (error) => this.#delivery?.onError(error));
  }

  /** @param room the memory to read into, again from its start whenever it is full. Default: one chunk. */
  static async open(path: string, room: Uint8Array = Buffer.alloc(CHUNK_BYTES)): Promise<SocketReceiver> {
    const receiver = new SocketReceiver(path, room);
    await once(receiver.#socket, 'connect');
    return receiver;
  }

  /** Asks for `byteLength` bytes, and resolves to the sum of all. */
  receive(byteLength: number, onFirst: () => void): Promise<bigint> {
    [this.#filled, this.#taken, this.#expected, this.#sum] = [0, 0, byteLength, 0n];
    return new Promise((onAll, onError) => {
      this.#delivery = { onFirst, onAll, onError };
      this.#socket.write(requestOf(byteLength));
    });
  }

  #take(byteLength: number): void {
    if (this.#taken === 0) this.#delivery?.onFirst();
    this.#filled += byteLength;
    this.#taken += byteLength;
    const isAll = this.#taken === this.#expected;
    if (this.#filled < this.#room.length && !isAll) return;
    this.#sum += loadReader().sum(this.#room.subarray(0, this.#filled));
    this.#filled = 0;
    if (isAll) this.#delivery?.onAll(BigInt.asUintN(64, this.#sum));
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

function requestOf(byteLength: number): Buffer {
  const request = Buffer.alloc(REQUEST_BYTES);
  request.writeBigUInt64LE(BigInt(byteLength));
  return request;
}

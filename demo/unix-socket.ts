/** The peer that a claim is compared with: all bytes through a UNIX socket, as fast as Node.js can. */
import { connect, createServer, type Server } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** The size of one write and one read. Larger and smaller ones were not faster. */
const CHUNK_BYTES = 1 << 20;

/** A socket without a file, gone with the process (an abstract address, which begins with a zero byte). */
export function socketPath(purpose: string): string {
  return `\0vmoffer-${purpose}-${process.pid}`;
}

/** Sends the chunks to each process that connects, and hangs up. */
export async function serve(path: string, chunks: (chunkBytes: number) => Iterable<Uint8Array>): Promise<Server> {
  const server = createServer((socket) => {
    // If a receiver goes away, it reports the missing bytes itself.
    pipeline(Readable.from(chunks(CHUNK_BYTES), { objectMode: false, highWaterMark: CHUNK_BYTES }), socket).catch(() =>
      socket.destroy(),
    );
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  return server;
}

/**
 * Connects and reads to the end. Every chunk arrives in one small buffer that is used again and again. That is the cheapest
 * way to receive, and does not put the bytes together.
 */
export function receive(path: string, onChunk: (chunk: Uint8Array) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const callback = (byteLength: number, chunk: Uint8Array): boolean => {
      onChunk(chunk.subarray(0, byteLength));
      return true;
    };
    connect({ path, onread: { buffer: Buffer.alloc(CHUNK_BYTES), callback } })
      .on('end', resolve)
      .on('error', reject);
  });
}

/** The peer that a claim is compared with: all bytes through a UNIX socket, as fast as Node.js can. */
import { connect, createServer, type Server } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** What one write and one read take. Larger and smaller ones were not faster. */
const CHUNK_BYTES = 1 << 20;

/** A socket without a file, gone with the process (an abstract address, which begins with a zero byte). */
export function socketPath(purpose: string): string {
  return `\0vmoffer-${purpose}-${process.pid}`;
}

/** Sends what `chunks` makes to whoever connects, and hangs up. */
export async function serve(path: string, chunks: (chunkBytes: number) => Iterable<Uint8Array>): Promise<Server> {
  const server = createServer((socket) => {
    // A receiver that goes away is its own business: it says what it did not get.
    pipeline(Readable.from(chunks(CHUNK_BYTES), { objectMode: false, highWaterMark: CHUNK_BYTES }), socket).catch(() =>
      socket.destroy(),
    );
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  return server;
}

/**
 * Connects and reads to the end. Every chunk lies in one small buffer that is used again and again, which is the
 * cheapest way to receive: nobody puts the bytes together.
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

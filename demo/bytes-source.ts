/** Part 2, the source: many bytes, by a claim and through a UNIX socket. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { allocate, capabilities, type Region } from 'vmoffer';
import { Checksum } from './checksum.js';
import { expectSame, Failure } from './failure.js';
import { handOver } from './hand-over.js';
import { Letter } from './letter.js';
import { allocateRandom } from './random-memory.js';
import { megabytes, say, startBar } from './say.js';
import { serve, socketPath } from './unix-socket.js';
import { windowsOf } from './windows.js';

const WINDOW_BYTES = 1 << 24;

export interface BytesSaid {
  byteLength: number;
  checksum: string;
  socketPath: string;
}

export interface BytesAnswer {
  checksum: string;
  socketChecksum: string;
}

export async function offerGigabyte(): Promise<void> {
  console.log('\n2. A gigabyte: the other process reads all of it\n');
  using region = allocateRandom();
  await offerBytes(region, region.byteLength);
}

export async function offerFile(path: string): Promise<void> {
  console.log(`\nThe contents of ${path}: the other process reads all of them\n`);
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK); // a pipe that nobody writes to would not open
  try {
    const byteLength = sizeOf(fd, path);
    const { pageSize } = capabilities();
    using region = allocate(Math.ceil(byteLength / pageSize) * pageSize);
    readFile(fd, region, byteLength, path);
    say('source', `I have read the file: ${megabytes(byteLength)}.`);
    await offerBytes(region, byteLength);
  } finally {
    closeSync(fd);
  }
}

function sizeOf(fd: number, path: string): number {
  const stats = fstatSync(fd);
  if (!stats.isFile()) throw new Failure(`${path} is not a file.`);
  if (stats.size === 0) throw new Failure(`${path} is empty: there is nothing to offer.`);
  const available = process.availableMemory();
  if (stats.size > available) {
    throw new Failure(`${path} has ${megabytes(stats.size)}, but only ${megabytes(available)} of memory are free.`);
  }
  return stats.size;
}

function readFile(fd: number, region: Region, byteLength: number, path: string): void {
  const bar = startBar('reading the file', byteLength);
  for (const window of windowsOf(region, byteLength, WINDOW_BYTES)) {
    for (let at = 0; at < window.length;) {
      const count = readSync(fd, window, at, window.length - at, null);
      if (count === 0) throw new Failure(`${path} became shorter while it was read.`);
      at += count;
    }
    bar.increment(window.length);
  }
  bar.stop();
}

async function offerBytes(region: Region, byteLength: number): Promise<void> {
  const chunks = (chunkBytes: number) => windowsOf(region, byteLength, chunkBytes);
  const checksum = new Checksum();
  for (const window of chunks(WINDOW_BYTES)) checksum.add(window);
  const path = socketPath('demo');
  const server = await serve(path, chunks);
  try {
    const said = { byteLength, checksum: checksum.toString(), socketPath: path };
    const answer = await handOver('bytes-claimer', region, Letter.write<BytesSaid, BytesAnswer>(said));
    expectSame('the checksum', said.checksum, answer.checksum);
    expectSame('the checksum of what the socket carried', said.checksum, answer.socketChecksum);
  } finally {
    server.close();
  }
  say('source', `Both checksums that it found, ${checksum.toString()}, are mine.`);
}

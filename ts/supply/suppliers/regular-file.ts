import { constants, fstatSync, readSync, type BigIntStats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';
import { supplyFailed } from '../../errors.js';
import { MIB } from '../../units.js';
import type { Want } from '../supplier.js';
import { ReadPace } from './read-pace.js';

/** The longest read: progress is told, and the signal is heeded, at least that often. */
const READ_BYTES = MIB;
/** The kernel counts a file's times in its ticks, which last up to 10 ms. */
const TWO_TICKS_MS = 20;

/** A file that is read as it was when it was opened, or not at all. */
export class RegularFile {
  readonly path: string;
  readonly byteLength: number;
  readonly #handle: FileHandle;
  readonly #opened: BigIntStats;
  readonly #pace = new ReadPace();

  private constructor(path: string, handle: FileHandle, opened: BigIntStats) {
    this.path = path;
    this.byteLength = Number(opened.size);
    this.#handle = handle;
    this.#opened = opened;
  }

  static async open(path: string): Promise<RegularFile> {
    const handle = await openForReading(path);
    try {
      const opened = await settledStat(handle, path);
      if (!opened.isFile())
        throw supplyFailed(`${path} is not a regular file; a supplier reads regular files in ranges`);
      return new RegularFile(path, handle, opened);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Rejects unless all of `into` is as it was in the file when it was opened. Writes nothing to it after that. */
  async read(want: Want, into: Uint8Array, position: number): Promise<void> {
    const isHere = !isMainThread && (want.waiting || this.#pace.mayReadHere());
    for (let at = 0; at < into.length;) {
      want.signal.throwIfAborted();
      const part = into.subarray(at, at + READ_BYTES);
      const bytesRead = isHere ? this.#readHere(part, position + at) : await this.#readAside(part, position + at);
      if (bytesRead === 0) throw this.#changed(`it ends at byte ${position + at}`);
      at += bytesRead;
      want.progress();
    }
    this.#expectUnchanged(
      isHere ? fstatSync(this.#handle.fd, { bigint: true }) : await this.#handle.stat({ bigint: true }),
    );
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  /** Two ways through libuv's threads take longer than a read from the page cache does (64 KiB: 7 us against 40 to 90). */
  #readHere(into: Uint8Array, position: number): number {
    const start = performance.now();
    try {
      return readSync(this.#handle.fd, into, 0, into.length, position);
    } catch (cause) {
      throw this.#failed(position, cause);
    } finally {
      this.#pace.took(performance.now() - start);
    }
  }

  async #readAside(into: Uint8Array, position: number): Promise<number> {
    try {
      return (await this.#handle.read(into, 0, into.length, position)).bytesRead;
    } catch (cause) {
      throw this.#failed(position, cause);
    }
  }

  #failed(position: number, cause: unknown): Error {
    return systemFailure(`the file ${this.path} could not be read at byte ${position}`, cause);
  }

  #expectUnchanged(now: BigIntStats): void {
    if (now.size !== this.#opened.size) throw this.#changed(`it has ${now.size} bytes, and had ${this.#opened.size}`);
    if (now.mtimeNs !== this.#opened.mtimeNs) throw this.#changed('its time of modification is another');
  }

  #changed(how: string): Error {
    return supplyFailed(
      `the file ${this.path} has been changed since it was opened: ${how}; supply it anew, and replace files by renaming`,
    );
  }
}

async function openForReading(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK); // a pipe that nobody writes to would not open
  } catch (cause) {
    throw systemFailure(`the file ${path} could not be opened`, cause);
  }
}

/** A file that is written to twice within one tick has one time of modification for both: wait until that tick is over. */
async function settledStat(handle: FileHandle, path: string): Promise<BigIntStats> {
  const stats = await handle.stat({ bigint: true });
  const age = Date.now() - Number(stats.mtimeMs);
  if (!stats.isFile() || age < 0 || age >= TWO_TICKS_MS) return stats;
  await delay(TWO_TICKS_MS);
  const later = await handle.stat({ bigint: true });
  if (later.mtimeNs === stats.mtimeNs) return later;
  throw supplyFailed(`the file ${path} is being written to; supply it when it is complete`);
}

function systemFailure(what: string, cause: unknown): Error {
  const { code, syscall, message } = cause as NodeJS.ErrnoException;
  const details = { ...(code === undefined ? {} : { errno: code }), ...(syscall === undefined ? {} : { syscall }) };
  return supplyFailed(`${what}: ${message}`, { ...details, cause });
}

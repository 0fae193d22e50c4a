/** A pipe at which a read can wait, on a thread of the pool. */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, read, rmSync, writeSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class Pipe implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'vmoffer-pipe-'));
  readonly #fd: number;

  constructor() {
    const path = join(this.#folder, 'pipe');
    const { status, stderr } = spawnSync('mkfifo', [path], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`mkfifo: ${stderr}`);
    this.#fd = openSync(path, constants.O_RDWR);
  }

  /** Resolves to how many bytes came. */
  readInto(buffer: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      read(this.#fd, buffer, 0, buffer.byteLength, null, (error, count) => {
        if (error) reject(error);
        else resolve(count);
      });
    });
  }

  /** Resolves when a thread of the pool has begun the read that was asked for before. */
  async isBeingRead(): Promise<void> {
    await stat(this.#folder);
  }

  write(bytes: Uint8Array): void {
    writeSync(this.#fd, bytes);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
    rmSync(this.#folder, { recursive: true });
  }
}

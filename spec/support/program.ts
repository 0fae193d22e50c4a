/**
 * Runs programs as a user does: by a command line, with their output as the only result. With `await using` a program is killed
 * and reaped at the end of the scope, however the spec ends.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import { projectRoot } from './project.js';

export interface Outcome {
  code: number | null;
  /** Everything that it printed. */
  output: string;
  errors: string;
}

export class Program {
  readonly #process: ChildProcessByStdio<null, Readable, Readable>;
  readonly #lines: AsyncIterator<string, unknown>;
  readonly #reader: Interface;
  #output = '';
  #errors = '';
  readonly ended: Promise<Outcome>;

  /** @param commandLine words between single spaces, of which the first is `node`. */
  constructor(commandLine: string, folder = projectRoot) {
    const [command, ...args] = commandLine.split(' ');
    if (command !== 'node') throw new Error(`only programs for node are run here, not '${commandLine}'`);
    this.#process = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process.stdout.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
    this.#reader = createInterface(this.#process.stdout);
    this.#lines = this.#reader[Symbol.asyncIterator]();
    this.ended = once(this.#process, 'close').then(([code]) => ({
      code: code as number | null,
      output: this.#output,
      errors: this.#errors,
    }));
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** The next line that it prints. Rejects if it ends without one. */
  async line(): Promise<string> {
    const { done, value } = await this.#lines.next();
    if (done !== true) return value;
    throw new Error(`the program has ended without another line: ${(await this.ended).errors}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.ended;
    this.#reader.close();
  }
}

/** Runs a program to its end. */
export async function runProgram(commandLine: string, folder?: string): Promise<Outcome> {
  await using program = new Program(commandLine, folder);
  return await program.ended;
}

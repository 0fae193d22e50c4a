/**
 * A program on a terminal of its own, which util-linux's `script` makes. With `await using` it is killed and reaped at the end
 * of the scope, however the spec ends.
 */
import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { until } from './barriers.js';
import type { Need } from './requires.js';

export const pseudoTerminal: Need = {
  what: 'pseudo-terminals, made by `script`',
  remedy: 'install util-linux (Debian: bsdutils)',
  isMet: () => spawnSync('script', ['-qec', 'true', '/dev/null'], { stdio: 'ignore' }).status === 0,
};

export class PseudoTerminal {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #ended: Promise<unknown[]>;
  #output = '';
  #seen = 0;

  /** @param commands for a shell, which has the terminal. */
  constructor(
    commands: string,
    { rows, columns, env = {} }: { rows: number; columns: number; env?: NodeJS.ProcessEnv },
  ) {
    this.#process = spawn('script', ['-qec', `stty rows ${rows} cols ${columns}; ${commands}`, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, SHELL: '/bin/sh', TERM: 'xterm', ...env },
    });
    this.#process.stdout.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    this.#ended = once(this.#process, 'close');
  }

  /** Everything that has been printed until now. */
  get output(): string {
    return this.#output;
  }

  /** Presses keys. */
  type(keys: string): void {
    this.#process.stdin.write(keys);
  }

  /** Waits for a text after the one that was waited for last. Returns the output before it. */
  async shows(text: string): Promise<string> {
    const start = this.#seen;
    await until(`the terminal shows ${JSON.stringify(text)}`, () => this.#output.includes(text, start));
    const found = this.#output.indexOf(text, start);
    this.#seen = found + text.length;
    return this.#output.slice(start, found);
  }

  /** Everything that is printed from here to the end. */
  async rest(): Promise<string> {
    await this.#ended;
    return this.#output.slice(this.#seen);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#ended;
  }
}

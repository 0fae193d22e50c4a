// Programs on one runtime, in one folder. None of them outlives its patience.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const PATIENCE_MS = 120_000;

export class Session {
  #command;
  #folder;
  #started = new Set();

  /** @param {string[]} command the words in front of a program @param {string} folder */
  constructor(command, folder) {
    this.#command = command;
    this.#folder = folder;
  }

  /** @param {string} program @param {string[]} args */
  start(program, ...args) {
    const [command, ...options] = this.#command;
    const env = { ...process.env, RUNTIME_COMMAND: JSON.stringify(this.#command) };
    const child = spawn(command, [...options, program, ...args], { cwd: this.#folder, env, timeout: PATIENCE_MS });
    const started = new Started(child);
    this.#started.add(started);
    return started;
  }

  /** @param {string} program @param {string[]} args */
  async run(program, ...args) {
    return await this.start(program, ...args).ended;
  }

  async end() {
    for (const started of this.#started) {
      started.kill();
      await started.ended;
    }
  }
}

class Started {
  #child;
  #lines;
  #output = '';
  /** Resolves to the exit code, or the signal, and what it printed. */
  ended;

  constructor(child) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (this.#output += text));
    }
    this.#lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    this.ended = once(child, 'close').then(([code, signal]) => ({ code: code ?? signal, output: this.#output }));
  }

  async line() {
    const { done, value } = await this.#lines.next();
    if (done) throw new Error(`it ended without another line: '${this.#output}'`);
    return value;
  }

  kill() {
    this.#child.kill('SIGKILL');
  }
}

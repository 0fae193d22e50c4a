// A program that a script has started. If it takes too long it is killed.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/**
 * How a program ended: its exit code or the signal, its output on each stream, and the output of both in order.
 *
 * @typedef {{ code: number | string, isOk: boolean, output: string, errors: string, printed: string }} Outcome
 */

export class Started {
  #child;
  #lines;
  #texts = { output: '', errors: '', printed: '' };
  /** @type {Promise<Outcome>} */
  ended;

  /** @param {string[]} words the command @param {{ cwd: string, env: NodeJS.ProcessEnv, patienceMs: number }} how */
  constructor([command, ...args], { cwd, env, patienceMs }) {
    const stdio = ['ignore', 'pipe', 'pipe'];
    this.#child = spawn(command, args, { cwd, env, stdio, timeout: patienceMs, killSignal: 'SIGKILL' });
    this.#child.stdout.setEncoding('utf8').on('data', (text) => this.#keep('output', text));
    this.#child.stderr.setEncoding('utf8').on('data', (text) => this.#keep('errors', text));
    this.#child.on('error', ({ message }) => this.#keep('errors', message));
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => resolve({ code: code ?? signal, isOk: code === 0, ...this.#texts }));
    });
  }

  get pid() {
    return this.#child.pid;
  }

  /** The next line that it prints. */
  async line() {
    const { done, value } = await this.#lines.next();
    if (done) throw new Error(`it ended without another line: '${this.#texts.printed}'`);
    return value;
  }

  kill() {
    this.#child.kill('SIGKILL');
  }

  #keep(name, text) {
    this.#texts[name] += text;
    this.#texts.printed += text;
  }
}

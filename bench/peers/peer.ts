/** A C program that takes commands, line by line, and answers each line with numbers. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { buildPeer } from './build.js';

export class Peer implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: AsyncIterator<string, undefined>;
  readonly #ended: Promise<unknown>;

  /** Builds and starts the program. It ends with its input, so it cannot outlive this process. */
  constructor(name: string, args: readonly string[] = []) {
    this.#child = spawn(buildPeer(name), args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#ended = once(this.#child, 'close');
    // If the peer has ended, the missing answer says so.
    this.#child.stdin.on('error', () => undefined);
    const lines: Interface = createInterface({ input: this.#child.stdout });
    this.#answers = lines[Symbol.asyncIterator]() as AsyncIterator<string, undefined>;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Sends one line and waits for the answer. */
  async ask(...words: readonly (string | number)[]): Promise<number[]> {
    const line = words.join(' ');
    this.#child.stdin.write(`${line}\n`);
    const answer = await this.#answers.next();
    if (answer.done) throw new Error(`the peer has ended instead of answering '${line}'`);
    return answer.value.split(' ').map(Number);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    await this.#ended;
  }
}

/**
 * Runs fixture programs as child processes. With `await using child = await startFixture(…)` the child is killed and reaped
 * at the end of the scope, however the spec ends.
 */
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { projectRoot } from './project.js';
import { Remote, type Commands, type Message } from './remote.js';

export interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface ChildOptions {
  args?: readonly string[];
  env?: Record<string, string>;
  /** `'nobody'`: uid and gid 65534, without groups, which only root can start. Default: those of this process. */
  user?: 'same' | 'nobody';
  /** A program that runs its other arguments, such as `['unshare', '--net']`. */
  wrapper?: readonly string[];
}

export const NOBODY = 65534;

/** For programs that take no command. */
export type NoCommands = Record<string, never>;

export class Child<T extends Commands = NoCommands> {
  /** Resolves once the process has ended and its output is read to the end. Never rejects. */
  readonly ended: Promise<Ending>;
  readonly #process: ChildProcess;
  readonly #remote: Remote<T>;
  readonly #output = { stdout: '', stderr: '' };

  constructor(program: string, process: ChildProcess) {
    this.#process = process;
    this.#remote = new Remote((request) => process.send(request));
    process.on('message', (message) => {
      this.#remote.receive(message as Message);
    });
    process.on('error', (error) => {
      this.#remote.end(error);
    });
    for (const name of ['stdout', 'stderr'] as const) {
      process[name]?.setEncoding('utf8').on('data', (text: string) => (this.#output[name] += text));
    }
    this.ended = this.#end(program);
  }

  get pid(): number {
    const { pid } = this.#process;
    if (pid === undefined) throw new Error('the child could not be started');
    return pid;
  }

  readonly call: Remote<T>['call'] = (command, ...args) => this.#remote.call(command, ...args);

  event<V = unknown>(name: string): Promise<V> {
    return this.#remote.event(name);
  }

  /** For programs that print their events, one JSON object a line. */
  readEventsFromOutput(): this {
    if (!this.#process.stdout) throw new Error('the child has no output');
    createInterface(this.#process.stdout).on('line', (line) => {
      this.#remote.receive(JSON.parse(line) as Message);
    });
    return this;
  }

  /** Writes one line to its standard input. */
  say(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }

  /** Closes the connection to it. A program that waits for nothing else then ends normally. */
  disconnect(): void {
    if (this.#process.connected) this.#process.disconnect();
    this.#process.stdin?.end();
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Kills it, if it lives, and waits for its end. A program that a wrapper has started is disconnected, not killed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.disconnect();
    this.kill('SIGKILL');
    await this.ended;
  }

  async #end(program: string): Promise<Ending> {
    const [code, signal] = await this.#exit();
    this.#remote.end(new Error(`${program} has ended (code ${code}, signal ${signal}): ${this.#output.stderr}`));
    return { code, signal, ...this.#output };
  }

  /** Waits for its exit and the ends of its output. The event 'close' does not come after a disconnect from this side. */
  async #exit(): Promise<[number | null, NodeJS.Signals | null]> {
    const { stdout, stderr } = this.#process;
    const outputEnds = [stdout, stderr].map((stream) => stream && finished(stream).catch(() => undefined));
    const [exit] = await Promise.all([once(this.#process, 'exit').catch(() => [null, null]), ...outputEnds]);
    return exit as [number | null, NodeJS.Signals | null];
  }
}

function identityOf(user: ChildOptions['user']): { uid?: number; gid?: number } {
  return user === 'nobody' && process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
}

/** Starts out/js/fixtures/<name>.js and waits until it is ready. */
export async function startFixture<T extends Commands = NoCommands>(
  name: string,
  { args = [], env = {}, user = 'same', wrapper = [] }: ChildOptions = {},
): Promise<Child<T>> {
  const path = join(projectRoot, 'out', 'js', 'fixtures', `${name}.js`);
  const [execPath = process.execPath, ...execArgv] = [...wrapper, ...(wrapper.length > 0 ? [process.execPath] : [])];
  const child = new Child<T>(
    name,
    fork(path, args, {
      execPath,
      execArgv,
      env: { ...process.env, ...env },
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      ...identityOf(user),
    }),
  );
  return ready(child);
}

/** Starts fixtures/hostile/<name>.py and waits until it is ready. */
export async function startHostile(name: string, args: readonly unknown[] = [], options: ChildOptions = {}) {
  const path = join(projectRoot, 'fixtures', 'hostile', `${name}.py`);
  const started = spawn('python3', ['-B', path, ...args.map(String)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...identityOf(options.user),
  });
  return ready(new Child(`${name} ${args.join(' ')}`, started).readEventsFromOutput());
}

async function ready<T extends Commands>(child: Child<T>): Promise<Child<T>> {
  try {
    await child.event('ready');
    return child;
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
}

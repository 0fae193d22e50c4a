/** One process of the crew, as the soak sees it. */
import { fork } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { Child, type Ending } from '../spec/support/child.js';
import { resume, stop } from '../spec/support/stopped.js';
import type { ActorCommands } from './actor.js';
import type { Sample } from './growth.js';

const TAIL_BYTES = 6000;

export class Member {
  readonly name: string;
  readonly samples: Sample[] = [];
  /** The descriptors of its last sample. */
  descriptors = '';
  done: [string, number][] = [];
  isExpectedToEnd = false;
  readonly #child: Child<ActorCommands>;

  constructor(name: string) {
    this.name = name;
    const path = new URL('actor.js', import.meta.url);
    this.#child = new Child<ActorCommands>(
      name,
      fork(path, { serialization: 'advanced', stdio: ['ignore', 'pipe', 'pipe', 'ipc'] }),
    );
  }

  get pid(): number {
    return this.#child.pid;
  }

  get operations(): number {
    return this.samples.at(-1)?.operations ?? 0;
  }

  readonly call: Child<ActorCommands>['call'] = (command, ...args) => this.#child.call(command, ...args);

  ready(): Promise<unknown> {
    return this.#child.event('ready');
  }

  /** Resolves with the reason when it fails, or ends although it should not. */
  async failure(): Promise<string> {
    const said = this.#child.event<string>('failed').then(
      (reason) => `${this.title} failed: ${reason}`,
      () => undefined,
    );
    const ended = this.#child.ended.then((ending) => (this.isExpectedToEnd ? undefined : this.#describe(ending)));
    const reasons = [said, ended].map(async (each) => (await each) ?? new Promise<never>(() => undefined));
    return Promise.race(reasons);
  }

  async weigh(): Promise<void> {
    const { operations, burden, descriptors, done } = await this.call('weigh');
    this.samples.push({ operations, burden });
    Object.assign(this, { descriptors, done });
  }

  stop(): Promise<void> {
    return stop(this.#child);
  }

  resume(): void {
    resume(this.#child);
  }

  /** Kills it and waits for its end. */
  async kill(): Promise<void> {
    this.isExpectedToEnd = true;
    await this.#child[Symbol.asyncDispose]();
  }

  /** Asks it to end, and says what was wrong with its end. */
  async leave(): Promise<string | undefined> {
    this.isExpectedToEnd = true;
    await this.call('leave').catch(() => undefined);
    const ending = await this.#child.ended;
    return ending.code === 0 ? undefined : this.#describe(ending);
  }

  get title(): string {
    return `${this.name} (pid ${this.pid})`;
  }

  /** Where its threads are, for the report of a hang. */
  whereabouts(): string {
    try {
      return readdirSync(`/proc/${this.pid}/task`)
        .map((thread) => {
          const read = (file: string) => readFileSync(`/proc/${this.pid}/task/${thread}/${file}`, 'utf8').trim();
          return `  ${read('comm')}: ${/State:\s+(.*)/.exec(read('status'))?.[1]}, ${read('wchan')}, syscall ${read('syscall')}`;
        })
        .join('\n');
    } catch (error) {
      return `  nothing to be seen of it: ${String(error)}`;
    }
  }

  #describe({ code, signal, stdout, stderr }: Ending): string {
    const how = signal ? `was killed by ${signal}, which this soak has not sent` : `ended with code ${code}`;
    const hint = signal === 'SIGKILL' ? ' (out of memory? see dmesg, and memory.events of its cgroup)' : '';
    return `${this.title} ${how}${hint}\n${tail('stderr', stderr)}${tail('stdout', stdout)}`;
  }
}

function tail(name: string, text: string): string {
  return text.length === 0 ? `its ${name} is empty\n` : `the end of its ${name}:\n${text.slice(-TAIL_BYTES)}\n`;
}

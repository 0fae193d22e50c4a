/** Two network namespaces with a cable between them: two hosts, as far as the network goes. Only root can make them. */
import { execFileSync, fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Failure } from '../failure.js';

export type Host = 'a' | 'b';

const ADDRESSES: Record<Host, string> = { a: '10.91.7.1', b: '10.91.7.2' };

export class TwoHosts implements AsyncDisposable {
  readonly #children: ChildProcess[] = [];

  static make(): TwoHosts {
    if (process.getuid?.() !== 0)
      throw new Failure('two hosts on one machine need network namespaces: run it as root.');
    const hosts = new TwoHosts();
    try {
      hosts.#make();
    } catch (error) {
      hosts.#remove();
      const reason = error instanceof Error ? error.message : String(error);
      throw new Failure(`two network namespaces cannot be made here (is iproute2 there?): ${reason}`);
    }
    return hosts;
  }

  addressOf(host: Host): string {
    return ADDRESSES[host];
  }

  /** Runs a program there, which sends messages to this process. */
  start(host: Host, program: string, args: readonly string[]): ChildProcess {
    const script = fileURLToPath(new URL(`${program}.js`, import.meta.url));
    const child = fork(script, args, { execPath: 'ip', execArgv: [...this.#inside(host), process.execPath] });
    this.#children.push(child);
    return child;
  }

  startCommand(host: Host, command: string, args: readonly string[]): void {
    const child = spawn('ip', [...this.#inside(host), command, ...args], { stdio: 'ignore' });
    this.#children.push(child);
  }

  /** What has come to a host through the cable, with everything around it. */
  bytesInto(host: Host): number {
    const path = `/sys/class/net/cable-${host}/statistics/rx_bytes`;
    return Number(execFileSync('ip', [...this.#inside(host), 'cat', path], { encoding: 'utf8' }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    }
    this.#remove();
  }

  #make(): void {
    for (const host of ['a', 'b'] as const) ip('netns', 'add', nameOf(host));
    ip('link', 'add', 'cable-a', 'netns', nameOf('a'), 'type', 'veth', 'peer', 'name', 'cable-b', 'netns', nameOf('b'));
    for (const host of ['a', 'b'] as const) {
      ip('-n', nameOf(host), 'addr', 'add', `${ADDRESSES[host]}/24`, 'dev', `cable-${host}`);
      for (const device of ['lo', `cable-${host}`]) ip('-n', nameOf(host), 'link', 'set', device, 'up');
    }
  }

  #remove(): void {
    for (const host of ['a', 'b'] as const) {
      try {
        ip('netns', 'del', nameOf(host)); // and the cable with it
      } catch {
        // it was not made
      }
    }
  }

  #inside(host: Host): string[] {
    return ['netns', 'exec', nameOf(host)];
  }
}

function nameOf(host: Host): string {
  return `vmoffer-${process.pid}-${host}`;
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

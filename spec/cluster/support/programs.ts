/** Programs in a cluster, each with an agent of its own, on one server. */
import { readFileSync } from 'node:fs';
import { nats, type JoinOptions, type NatsDescription } from 'vmoffer-cluster';
import type { ClusterCommands } from '../../../fixtures/cluster-program.js';
import { until } from '../../support/barriers.js';
import { startFixture, type Child } from '../../support/child.js';
import { counterIn } from './metrics.js';
import { NatsServer } from './nats-server.js';

export type Program = Child<ClusterCommands> & { agentPid: number };

let buckets = 0;

/** A bucket of a server, and the programs that have joined it. */
export class Stage implements AsyncDisposable {
  readonly server: NatsServer;
  readonly bucket = `stage-${process.pid}-${buckets++}`;
  readonly #programs: Program[] = [];

  constructor(server: NatsServer) {
    this.server = server;
  }

  description(url = this.server.url): NatsDescription {
    return nats({ servers: url, bucket: this.bucket });
  }

  async start(as: string, options: Partial<JoinOptions> = {}, url?: string): Promise<Program> {
    const child = await startFixture<ClusterCommands>('cluster-program');
    const program = Object.assign(child, { agentPid: 0 });
    this.#programs.push(program);
    program.agentPid = await child.call('join', this.description(url), { as, ...options });
    return program;
  }

  async attach(path: string): Promise<Program> {
    const child = await startFixture<ClusterCommands>('cluster-program');
    const program = Object.assign(child, { agentPid: 0 });
    this.#programs.push(program);
    program.agentPid = await child.call('attach', path);
    return program;
  }

  /** Kills all programs, and waits for their agents, which end by themselves. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#programs) {
      if (program.agentPid > 0) signal(program.agentPid, 'SIGCONT'); // it has the output of its program open
      await program[Symbol.asyncDispose]();
      if (program.agentPid > 0) await ended(program.agentPid);
    }
  }
}

/** What the agent of this program has counted. */
export async function counter(program: Program, name: string): Promise<number> {
  return counterIn(await program.call('metrics'), name);
}

/** Nothing, if it has ended. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Of a process that is not a child of this one: somebody else reaps it, some time later. */
export function ended(pid: number): Promise<void> {
  return until(`process ${pid} has ended`, () => !/^\d+ \(.*\) [^ZX]/.test(statusOf(pid)));
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return '';
  }
}

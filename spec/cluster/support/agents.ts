/** Agents that run by themselves. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { JoinOptions, NatsDescription } from 'vmoffer-cluster';
import { projectRoot } from '../../support/project.js';

const PROGRAM = join(projectRoot, 'packages', 'cluster', 'dist', 'agent', 'main.js');

export interface AgentChoices {
  options?: Partial<JoinOptions>;
  args?: readonly string[];
}

export class Agents implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'vmoffer-agents-'));
  readonly #running = new Map<string, ChildProcess>();

  /** Resolves to the path of its socket. */
  async start(engine: NatsDescription, as: string, { options = {}, args = [] }: AgentChoices = {}): Promise<string> {
    const config = join(this.folder, `${as}.json`);
    const socket = join(this.folder, `${as}.sock`);
    writeFileSync(config, JSON.stringify({ engine, options }));
    const all = [PROGRAM, '--as', as, '--config', config, '--socket', socket, ...args];
    const agent = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#running.set(as, agent);
    await once(createInterface(agent.stdout), 'line');
    return socket;
  }

  /** Resolves when it has ended. */
  async end(as: string, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const agent = this.#running.get(as);
    if (!agent) throw new Error(`there is no agent ${as}`);
    this.#running.delete(as);
    const hasEnded = once(agent, 'close');
    agent.kill(signal);
    await hasEnded;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const as of [...this.#running.keys()]) await this.end(as);
    rmSync(this.folder, { recursive: true });
  }
}

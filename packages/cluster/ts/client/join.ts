import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { VmoError } from 'vmoffer';
import type { EngineDescription } from '../agent/connect-engine.js';
import type { AgentOptions } from '../agent/options.js';
import { invalid } from '../errors.js';
import type { AgentTask } from '../agent/task.js';
import { firstLine } from '../link/first-line.js';
import { Cluster } from './cluster.js';

/** How this process joins. */
export interface JoinOptions extends Omit<AgentOptions, 'allow'> {
  /** The name of this peer, unique in the cluster. */
  as: string;
  /**
   * Which peers this one has to do with: their names, or the URL of a module whose default export is a function (peer, offer) that
   * says so. The module is loaded into the agent. Default: all whom the engine lets in.
   */
  allow?: readonly string[] | URL | string;
}

/** An agent that runs by itself, and that several programs of one user share. */
export interface AgentAddress {
  readonly path: string;
}

/** Names an agent that was started with `vmoffer-agent`, by the path of its socket. */
export function agentAt(path: string): AgentAddress {
  return { path };
}

/**
 * Joins a cluster: starts an agent as a child process, or uses one that runs.
 *
 * @param engine what connects the hosts, such as `nats({ servers })`; or `agentAt(path)`.
 * @param options the name of this peer, and limits of its agent.
 * @returns a promise of the cluster. The caller closes it. It rejects with a `VmoError`: ERR_VMO_BUSY if the peer has an agent already,
 *   ERR_VMO_PEER_GONE if the agent cannot be started or reached, or reaches no server, ERR_VMO_NOT_PERMITTED if a server lets it in
 *   not at all or not to its bucket, or if the agent's socket is another user's, ERR_VMO_TIMEOUT if there is no such bucket,
 *   ERR_VMO_INVALID_ARGUMENT for a file that is not there or is not what it should be.
 *
 * @example
 * await using cluster = await join(nats({ servers: 'nats://10.0.0.1' }), { as: 'scorer-7' });
 * vmOffer(cluster.peer('scorer-9'), region, VMO_GRANT_R);
 */
export function join(engine: EngineDescription, options: JoinOptions): Promise<Cluster>;
export function join(agent: AgentAddress): Promise<Cluster>;
export async function join(where: EngineDescription | AgentAddress, options?: JoinOptions): Promise<Cluster> {
  if ('path' in where) return attach(where.path);
  if (!options) throw invalid('join needs a name; pass { as: name }');
  const { as, allow, ...rest } = options;
  const allowed = allow instanceof URL ? allow.href : allow;
  return startAgent({ engine: where, as, options: { ...rest, ...(allowed !== undefined && { allow: allowed }) } });
}

async function attach(path: string): Promise<Cluster> {
  checkOwner(path);
  const socket = connect(path);
  try {
    await once(socket, 'connect');
  } catch (cause) {
    const message = `there is no agent at ${path}; start one with vmoffer-agent --socket ${path}`;
    throw new VmoError('ERR_VMO_PEER_GONE', message, { cause });
  }
  return Cluster.on(socket, () => Promise.resolve());
}

/** In a folder that everybody may write to, such as /tmp, anybody can listen at a path, and would be given this program's memory. */
function checkOwner(path: string): void {
  const owner = ownerOf(path);
  const user = process.geteuid?.();
  if (owner === undefined || owner === 0 || owner === user) return;
  const rule = `an agent's must be root's or user ${user}'s, as whom this program runs`;
  throw new VmoError('ERR_VMO_NOT_PERMITTED', `the socket ${path} is user ${owner}'s; ${rule}`);
}

/** Undefined where it cannot be seen: then nobody can connect to it either. */
function ownerOf(path: string): number | undefined {
  try {
    return statSync(path).uid;
  } catch {
    return undefined;
  }
}

async function startAgent(task: AgentTask): Promise<Cluster> {
  const program = fileURLToPath(new URL('../agent/main.js', import.meta.url));
  const child = spawn(process.execPath, [program, '--linked'], { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
  const exited = once(child, 'exit').then(() => undefined);
  const stream = child.stdio[3] as Duplex;
  await handOver(stream, task, child);
  return Cluster.on(stream, () => exited);
}

/** The task has secrets in it, so it is no argument of the child. Resolves when the agent has joined. */
async function handOver(stream: Duplex, task: AgentTask, child: ChildProcess): Promise<void> {
  stream.write(`${JSON.stringify(task)}\n`);
  const line = await firstLine(stream);
  const told = line === undefined ? undefined : (JSON.parse(line) as { error?: { code: string; message: string } });
  if (told && !told.error) return;
  stream.destroy();
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  const { code = 'ERR_VMO_PEER_GONE', message = `the agent of ${task.as} ended before it had joined` } =
    told?.error ?? {};
  throw new VmoError(code as VmoError['code'], message);
}

#!/usr/bin/env node
/**
 * The program of an agent. `--linked`: of one program, which started it and talks to it on descriptor 3. Otherwise it listens on a
 * socket for programs of its user.
 */
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { connect as connectSocket, createServer, Socket, type Server } from 'node:net';
import { parseArgs } from 'node:util';
import { invalid, textOf, toVmoError } from '../errors.js';
import { Agent } from './agent.js';
import { firstLine } from '../link/first-line.js';
import { connectEngine } from './connect-engine.js';
import { collectSeldom } from './heap.js';
import type { AgentTask } from './task.js';

/** Programs that may be attached at once. */
const MAX_PROGRAMS = 1024;

const USAGE = `usage: vmoffer-agent --as NAME --config FILE --socket PATH [--metrics PORT]
  --as       the name of this peer
  --config   a file with JSON: { "engine": { "engine": "nats", "servers": ["nats://host:4222"], … }, "options": { … } }
  --socket   where programs of this user attach: join(agentAt(PATH))
  --metrics  serve what is counted at http://127.0.0.1:PORT/metrics, in the text form of Prometheus
`;

/** The command line is wrong. */
class UsageError extends Error {}

function isUsage(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return error instanceof UsageError || (typeof code === 'string' && code.startsWith('ERR_PARSE_ARGS_'));
}

async function main(): Promise<void> {
  collectSeldom();
  if (process.argv[2] === '--linked') await runLinked();
  else await runAlone();
}

async function runLinked(): Promise<void> {
  const stream = new Socket({ fd: 3 });
  // A terminal, or systemd, signals all processes of a group. The program ends, and the agent then finishes what is under way.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  const line = await firstLine(stream);
  if (line === undefined) throw new Error('the program that started the agent has ended');
  try {
    const agent = await start(JSON.parse(line) as AgentTask);
    stream.write('{}\n');
    void agent.context.engine.closed.then(() => stream.destroy());
    await agent.attach(stream, { staysClaimed: false });
    await agent.close();
  } catch (error) {
    const { code, message } = toVmoError(error);
    const line = `${JSON.stringify({ error: { code, message } })}\n`;
    await new Promise<void>((resolve) => stream.end(line, resolve));
  }
  end(0);
}

/** What a module of the user has open, such as a timer, keeps no agent alive. */
function end(code: number): never {
  process.exit(code);
}

async function start({ engine: description, as, options }: AgentTask): Promise<Agent> {
  const engine = await connectEngine(description, as);
  try {
    return await Agent.start(engine, options);
  } catch (error) {
    await engine.close();
    throw error;
  }
}

async function runAlone(): Promise<void> {
  const { as, config, socket, metrics } = readArguments();
  const { engine, options } = readConfiguration(config);
  const agent = await start({ engine, as, ...(options && { options }) });
  let http: HttpServer | undefined;
  let server: Server;
  try {
    http = metrics === undefined ? undefined : await serveMetrics(metrics, agent);
    server = await listen(socket, agent);
  } catch (error) {
    http?.close();
    await agent.close();
    throw error;
  }
  const leave = () => void stop(agent, server, http);
  process.once('SIGTERM', leave);
  process.once('SIGINT', leave);
  void agent.context.engine.closed.then(leave);
  console.log(`vmoffer-agent: ${as} listens at ${socket}`);
}

function readConfiguration(path: string): Pick<AgentTask, 'engine' | 'options'> {
  let task: Partial<AgentTask> | null;
  try {
    task = JSON.parse(readFileSync(path, 'utf8')) as Partial<AgentTask> | null;
  } catch (error) {
    throw invalid(`--config ${path}: ${textOf(error)}`);
  }
  const { engine, options } = task ?? {};
  if (typeof engine?.engine !== 'string') {
    throw invalid(`--config ${path}: 'engine' is missing; write { "engine": { "engine": "nats", "servers": […] } }`);
  }
  return { engine, ...(options && { options }) };
}

function readArguments(): { as: string; config: string; socket: string; metrics: number | undefined } {
  const text = { type: 'string' } as const;
  const options = {
    as: text,
    config: text,
    socket: text,
    metrics: text,
    help: { type: 'boolean', short: 'h' },
  } as const;
  const { as, config, socket, metrics, help } = parseArgs({ options }).values;
  if (help) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  if (as === undefined) throw new UsageError(`--as is missing\n${USAGE}`);
  if (config === undefined) throw new UsageError(`--config is missing\n${USAGE}`);
  if (socket === undefined) throw new UsageError(`--socket is missing\n${USAGE}`);
  return { as, config, socket, metrics: metrics === undefined ? undefined : readPort(metrics) };
}

function readPort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535)
    throw new UsageError(`--metrics must be a port, from 0 to 65535, got '${text}'`);
  return port;
}

/** Only the agent's own user, and root, can connect: the kernel asks for write permission on the socket. */
async function listen(path: string, agent: Agent): Promise<Server> {
  await removeStale(path);
  const server = createServer((stream) => void agent.attach(stream, { staysClaimed: true }));
  server.maxConnections = MAX_PROGRAMS;
  const umask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
  } finally {
    process.umask(umask);
  }
  chmodSync(path, 0o600);
  return server;
}

/** A socket that nobody listens on was left by an agent that was killed. */
async function removeStale(path: string): Promise<void> {
  const isInUse = await new Promise<boolean>((resolve) => {
    const probe = connectSocket(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => {
      resolve(false);
    });
  });
  if (isInUse) throw invalid(`an agent listens at ${path} already; use another path`);
  rmSync(path, { force: true });
}

async function serveMetrics(port: number, agent: Agent): Promise<HttpServer> {
  const server = createHttpServer((request, response) => {
    const isKnown = request.url === '/metrics';
    response.writeHead(isKnown ? 200 : 404, { 'content-type': 'text/plain; version=0.0.4' });
    response.end(isKnown ? agent.metrics() : '');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}

async function stop(agent: Agent, server: Server, http: HttpServer | undefined): Promise<void> {
  server.close();
  http?.close();
  http?.closeAllConnections();
  await agent.close();
  end(0);
}

main().catch((error: unknown) => {
  console.error(`vmoffer-agent: ${textOf(error)}`);
  end(isUsage(error) ? 2 : 1);
});

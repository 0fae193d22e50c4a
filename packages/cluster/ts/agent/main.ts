#!/usr/bin/env node
/**
 * The program of an agent. `--linked`: of one program, which started it and talks to it on descriptor 3. Otherwise it listens on a
 * socket for programs of its user.
 */
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { connect as connectSocket, createServer, Socket, type Server } from 'node:net';
import { parseArgs } from 'node:util';
import { invalid, toVmoError } from '../errors.js';
import { Agent } from './agent.js';
import { connectEngine } from './connect-engine.js';
import type { AgentTask } from './task.js';

/** Programs that may be attached at once. */
const MAX_PROGRAMS = 1024;

const USAGE = `usage: vmoffer-agent --as NAME --config FILE --socket PATH [--metrics PORT]
  --as       the name of this peer
  --config   a file with JSON: { "engine": { "engine": "nats", "servers": ["nats://host:4222"], … }, "options": { … } }
  --socket   where programs of this user attach: join(agentAt(PATH))
  --metrics  serve what is counted at http://127.0.0.1:PORT/metrics, in the text form of Prometheus
`;

async function main(): Promise<void> {
  if (process.argv[2] === '--linked') await runLinked();
  else await runAlone();
}

async function runLinked(): Promise<void> {
  const stream = new Socket({ fd: 3 });
  // A terminal, or systemd, signals all processes of a group. The program ends, and the agent then finishes what is under way.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  const line = await readLine(stream);
  try {
    const agent = await start(JSON.parse(line) as AgentTask);
    stream.write('{}\n');
    void agent.context.engine.closed.then(() => stream.destroy());
    await agent.attach(stream, { staysClaimed: false });
    await agent.close();
  } catch (error) {
    const { code, message } = toVmoError(error);
    stream.end(`${JSON.stringify({ error: { code, message } })}\n`);
  }
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

async function readLine(stream: Socket): Promise<string> {
  let text = '';
  for (;;) {
    const byte = stream.read(1) as Buffer | null;
    if (byte?.[0] === 10) return text;
    if (byte) text += byte.toString('latin1');
    else
      await new Promise<void>((resolve, reject) => {
        stream.once('readable', resolve);
        stream.once('close', () => {
          reject(new Error('the program that started the agent has ended'));
        });
      });
  }
}

async function runAlone(): Promise<void> {
  const { as, config, socket, metrics } = readArguments();
  const { engine, options } = JSON.parse(readFileSync(config, 'utf8')) as AgentTask;
  const agent = await start({ engine, as, ...(options && { options }) });
  const server = await listen(socket, agent);
  const http = metrics === undefined ? undefined : serveMetrics(metrics, agent);
  const end = () => void stop(agent, server, http);
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  void agent.context.engine.closed.then(end);
  console.log(`vmoffer-agent: ${as} listens at ${socket}`);
}

function readArguments(): { as: string; config: string; socket: string; metrics: number | undefined } {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { as: text, config: text, socket: text, metrics: text } });
  const { as, config, socket, metrics } = values;
  if (as === undefined || config === undefined || socket === undefined) {
    process.stderr.write(USAGE);
    process.exit(2);
  }
  return { as, config, socket, metrics: metrics === undefined ? undefined : Number(metrics) };
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

function serveMetrics(port: number, agent: Agent): HttpServer {
  const server = createHttpServer((request, response) => {
    const isKnown = request.url === '/metrics';
    response.writeHead(isKnown ? 200 : 404, { 'content-type': 'text/plain; version=0.0.4' });
    response.end(isKnown ? agent.metrics() : '');
  });
  return server.listen(port, '127.0.0.1');
}

async function stop(agent: Agent, server: Server, http: HttpServer | undefined): Promise<void> {
  server.close();
  http?.close();
  http?.closeAllConnections();
  await agent.close();
}

main().catch((error: unknown) => {
  console.error(`vmoffer-agent: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});

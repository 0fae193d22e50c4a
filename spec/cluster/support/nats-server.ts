/** Runs nats-server as a child on free ports of the loopback interface, with its files in a temporary folder. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Context } from 'mocha';
import { requireLoopback } from '../../support/http-server.js';
import { projectRoot } from '../../support/project.js';
import { requires } from '../../support/requires.js';

const READY_WITHIN_MS = 20_000;

let program: string | undefined;
let whyNot: string | undefined;

/** For a `before` hook: what follows needs nats-server, which is fetched if that is possible. */
export function requireNatsServer(context: Context): void {
  context.timeout(120_000);
  find();
  requires(context, {
    what: `nats-server (${whyNot ?? ''})`,
    remedy: 'apt install nats-server, or run the specs once where apt-get can download it',
    isMet: () => program !== undefined,
  });
  requireLoopback(context);
}

function find(): void {
  if (program !== undefined || whyNot !== undefined) return;
  const script = join(projectRoot, 'scripts', 'nats-server.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  if (status === 0) program = stdout.trim();
  else whyNot = stderr.trim();
}

export interface NatsServerOptions {
  name?: string;
  /** Lines of the configuration, besides name and cluster. */
  config?: string;
  cluster?: { port: number; routes: readonly number[] };
  /** A configuration as it is, whose port and store alone are changed. */
  file?: string;
  env?: Record<string, string>;
}

export class NatsServer implements AsyncDisposable {
  readonly port: number;
  readonly folder: string;
  readonly #options: NatsServerOptions;
  #child: ChildProcess | undefined;
  #log = '';

  private constructor(port: number, options: NatsServerOptions) {
    this.port = port;
    this.#options = options;
    this.folder = mkdtempSync(join(tmpdir(), 'vmoffer-nats-'));
  }

  static async start(options: NatsServerOptions = {}): Promise<NatsServer> {
    const [port = 0] = await freePorts(1);
    const server = new NatsServer(port, options);
    try {
      await server.run();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  get url(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** What it has printed. */
  get log(): string {
    return this.#log;
  }

  /** Starts it again, with the files that it had. */
  async run(): Promise<void> {
    if (program === undefined) throw new Error('requireNatsServer() belongs in a before() hook');
    const { file = this.#writeConfiguration(), env } = this.#options;
    const args = ['-c', file, '-a', '127.0.0.1', '-p', String(this.port), '-sd', this.folder];
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } });
    this.#child = child;
    await this.#ready(child);
  }

  /** As kill() of the system call, and waits for its end. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'close');
    child.kill(signal);
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #writeConfiguration(): string {
    const { name = 'alone', config = '', cluster } = this.#options;
    const file = join(this.folder, 'nats.conf');
    const lines = [
      `server_name: ${name}`,
      'jetstream: enabled',
      ...(cluster ? [clusterConfiguration(cluster)] : []),
      config,
    ];
    writeFileSync(file, lines.join('\n'));
    return file;
  }

  async #ready(child: ChildProcess): Promise<void> {
    if (!child.stderr) throw new Error('the server has no output');
    const lines = createInterface(child.stderr);
    const ready = new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => {
        reject(new Error(`nats-server is not ready after ${READY_WITHIN_MS} ms:\n${this.#log}`));
      }, READY_WITHIN_MS);
      lines.on('line', (line) => {
        this.#log += `${line}\n`;
        if (line.includes('Server is ready')) settle(resolve);
      });
      child.on('error', (error) => {
        settle(() => {
          reject(error);
        });
      });
      child.on('close', () => {
        settle(() => {
          reject(new Error(`nats-server has ended:\n${this.#log}`));
        });
      });
      const settle = (how: () => void) => {
        clearTimeout(late);
        how();
      };
    });
    await ready;
  }
}

function clusterConfiguration({ port, routes }: { port: number; routes: readonly number[] }): string {
  const urls = routes.map((route) => `nats://127.0.0.1:${route}`);
  return `cluster { name: specs, host: 127.0.0.1, port: ${port}, routes: ${JSON.stringify(urls)} }`;
}

/** Ports that nobody listens to at the moment. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

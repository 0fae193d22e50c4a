// A project that has nothing but vmoffer, installed by one package manager.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { clearTimeout, setTimeout } from 'node:timers';
import { plainEnv } from './tools.mjs';

const BUDGET_MS = 600_000;

/** @typedef {{ isOk: boolean, output: string, errors: string }} Outcome */

export class Project {
  /** @param {string} folder @param {import('./managers.mjs').Manager} manager @param {{ path: string, cache: string, registry: string }} setting */
  constructor(folder, manager, { path, cache, registry }) {
    this.folder = folder;
    this.manager = manager;
    this.command = manager.fetch();
    this.env = { ...plainEnv(), PATH: path, ...manager.env(cache, registry) };
    mkdirSync(folder, { recursive: true });
    this.write('package.json', `${JSON.stringify({ name: 'program', private: true, type: 'module' })}\n`);
    for (const [name, text] of Object.entries(manager.files ?? {})) this.write(name, text);
  }

  /** @param {string} name @param {string} text */
  write(name, text) {
    writeFileSync(join(this.folder, name), text);
  }

  /** Runs the package manager. @param {string[]} args @param {Record<string, string>} [env] */
  manage(args, env = {}) {
    return this.#end(this.#start([...this.command, ...args], { ...this.env, ...env }));
  }

  /** Runs a program with this Node, as the package manager would. @param {string[]} args @param {Record<string, string>} [env] */
  node(args, env = {}) {
    return this.#end(this.startNode(args, env));
  }

  /** @param {string[]} args @param {Record<string, string>} [env] */
  startNode(args, env = {}) {
    return this.#start([process.execPath, ...args], { ...this.env, ...this.manager.nodeEnv?.(this.folder), ...env });
  }

  #start([command, ...args], env) {
    const child = spawn(command, args, { cwd: this.folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), BUDGET_MS).unref();
    const texts = { output: '', errors: '' };
    child.stdout.setEncoding('utf8').on('data', (text) => (texts.output += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (texts.errors += text));
    child.on('error', (error) => (texts.errors += error.message));
    child.on('close', () => clearTimeout(timer));
    return { child, texts, lines: createInterface(child.stdout)[Symbol.asyncIterator]() };
  }

  /** @returns {Promise<Outcome>} */
  async #end({ child, texts }) {
    const [code] = await once(child, 'close');
    return { isOk: code === 0, ...texts };
  }
}

// A project that has nothing but vmoffer, installed by one package manager.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Started } from '../started.mjs';
import { plainEnv } from './tools.mjs';

const PATIENCE_MS = 600_000;

/** @typedef {import('../started.mjs').Outcome} Outcome */

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

  /** Runs the package manager. @param {string[]} args @param {Record<string, string>} [env] @returns {Promise<Outcome>} */
  manage(args, env = {}) {
    return this.#start([...this.command, ...args], { ...this.env, ...env }).ended;
  }

  /** Runs a program with this Node, as the package manager would. @param {string[]} args @param {Record<string, string>} [env] */
  node(args, env = {}) {
    return this.startNode(args, env).ended;
  }

  /** @param {string[]} args @param {Record<string, string>} [env] */
  startNode(args, env = {}) {
    return this.#start([process.execPath, ...args], { ...this.env, ...this.manager.nodeEnv?.(this.folder), ...env });
  }

  #start(words, env) {
    return new Started(words, { cwd: this.folder, env, patienceMs: PATIENCE_MS });
  }
}

// Runs programs on one runtime, in one folder. A program that takes too long is killed.
import { Started } from '../started.mjs';

const PATIENCE_MS = 120_000;

export class Session {
  #command;
  #folder;
  #started = new Set();

  /** @param {string[]} command the words in front of a program @param {string} folder */
  constructor(command, folder) {
    this.#command = command;
    this.#folder = folder;
  }

  /** @param {string} program @param {string[]} args */
  start(program, ...args) {
    const env = { ...process.env, RUNTIME_COMMAND: JSON.stringify(this.#command) };
    const how = { cwd: this.#folder, env, patienceMs: PATIENCE_MS };
    const started = new Started([...this.#command, program, ...args], how);
    this.#started.add(started);
    return started;
  }

  /** @param {string} program @param {string[]} args */
  async run(program, ...args) {
    return await this.start(program, ...args).ended;
  }

  async end() {
    for (const started of this.#started) {
      started.kill();
      await started.ended;
    }
  }
}

/** Settings of the system that a spec changes for a moment, where it may. */
import { readFileSync, writeFileSync } from 'node:fs';
import { needs, type Need } from './requires.js';

/** They hold for the whole machine, so that whoever runs the specs has to allow it. */
export const maySetSystem: Need = {
  what: 'leave to change settings of the whole system for a moment',
  remedy: 'run the specs as root with VMOFFER_SYSTEM_SETTINGS=1 in the environment',
  isMet: () => process.env['VMOFFER_SYSTEM_SETTINGS'] === '1' && needs.root.isMet(),
};

export class Setting implements Disposable {
  readonly #path: string;
  readonly #before: string;

  /** @param value what the file is to hold until this is disposed of. */
  constructor(path: string, value: string) {
    this.#path = path;
    this.#before = read(path);
    writeFileSync(path, value);
  }

  /** As the kernel has it now. */
  get value(): string {
    return read(this.#path);
  }

  [Symbol.dispose](): void {
    writeFileSync(this.#path, this.#before);
  }
}

/** Of a list of choices the one in brackets, or all that is there. */
function read(path: string): string {
  const text = readFileSync(path, 'utf8').trim();
  return /\[(.*)\]/.exec(text)?.[1] ?? text;
}

/** Changes a setting of the system for a spec, if that is allowed. */
import { readFileSync, writeFileSync } from 'node:fs';
import { needs, type Need } from './requires.js';

/** Settings hold for the whole machine, so the user who runs the specs must allow the change. */
export const maySetSystem: Need = {
  what: 'leave to change settings of the whole system for a moment',
  remedy: 'run the specs as root with VMOFFER_SYSTEM_SETTINGS=1 in the environment',
  isMet: () => process.env['VMOFFER_SYSTEM_SETTINGS'] === '1' && needs.root.isMet(),
};

export class Setting implements Disposable {
  readonly #path: string;
  readonly #before: string;

  /** @param value the contents of the file until this is disposed of. */
  constructor(path: string, value: string) {
    this.#path = path;
    this.#before = read(path);
    writeFileSync(path, value);
  }

  /** The kernel's present value. */
  get value(): string {
    return read(this.#path);
  }

  [Symbol.dispose](): void {
    writeFileSync(this.#path, this.#before);
  }
}

/** In a list of choices, the one in brackets; otherwise the whole text. */
function read(path: string): string {
  const text = readFileSync(path, 'utf8').trim();
  return /\[(.*)\]/.exec(text)?.[1] ?? text;
}

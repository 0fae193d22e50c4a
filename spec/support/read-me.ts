/** Writes the programs of README.md into a folder in which `vmoffer` is installed. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot, readProjectFile } from './project.js';

const BLOCK = /^```(?:js|ts|javascript|typescript)\n(.*?)^```$/gms;
const NAME = /^\/\/ (\S+\.mjs)\n/;

/** The code of each block for JavaScript or TypeScript, by the name in its first line. */
export function readMePrograms(): Map<string, string> {
  const blocks = [...readProjectFile('README.md').matchAll(BLOCK)].map(([, code = '']) => code);
  return new Map(blocks.map((code) => [nameOf(code), code]));
}

/** The lines that a program, by its own comments, prints. */
export function promisedLines(code: string): string[] {
  return [...code.matchAll(/\/\/ prints: (.*)$/gm)].map(([, line = '']) => line);
}

function nameOf(code: string): string {
  const name = NAME.exec(code)?.[1];
  if (name === undefined) throw new Error(`a program of README.md does not begin with its name, // name.mjs:\n${code}`);
  return name;
}

export class ReadMeFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'vmoffer-readme-'));

  constructor(programs: ReadonlyMap<string, string>) {
    mkdirSync(join(this.path, 'node_modules'));
    symlinkSync(projectRoot, join(this.path, 'node_modules', 'vmoffer'));
    for (const [name, code] of programs) writeFileSync(join(this.path, name), code);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

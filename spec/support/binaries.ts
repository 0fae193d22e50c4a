/** The rules of the release scripts for binaries of the addon, and the binaries that exist. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { filesBelow, projectRoot } from './project.js';

export interface DynamicSymbol {
  name: string;
  version: string;
  library: string;
  isDefined: boolean;
  isWeak: boolean;
}

interface Elf {
  machine: number;
  neededVersions: string[];
  symbols: DynamicSymbol[];
}

interface Rules {
  readElf(path: string): Elf;
  MAX_RELEASE_BYTES: number;
  problemsOfImports(symbols: readonly DynamicSymbol[], options: { isRelease: boolean }): string[];
  problemsOfVersions(versions: readonly string[]): string[];
  problemsOfExports(symbols: readonly DynamicSymbol[]): string[];
}

async function script(name: string): Promise<unknown> {
  return import(pathToFileURL(join(projectRoot, 'scripts', 'prebuild', name)).href);
}

export async function binaryRules(): Promise<Rules> {
  return { ...((await script('elf.mjs')) as Rules), ...((await script('judge.mjs')) as Rules) };
}

/** The release binaries that were made here, as paths from the project's root. */
export function releaseBinaries(): string[] {
  return existsSync(join(projectRoot, 'prebuilds')) ? filesBelow('prebuilds', /\.node$/) : [];
}

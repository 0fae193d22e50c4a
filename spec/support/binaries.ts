/** The rules for binaries of the addon, which the release's scripts have, and the binaries that there are. */
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

/** Paths from the project's root of the release binaries that were made here. */
export function releaseBinaries(): string[] {
  return existsSync(join(projectRoot, 'prebuilds')) ? filesBelow('prebuilds', /\.node$/) : [];
}

/** Builds the C programs beside which the library is measured, when they are needed, with the addon's compiler. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

const SOURCES = join('bench', 'peers');
const PROGRAMS = join('out', 'bench');
/** -O3 for vector instructions: reading the bytes must not be slower than delivering them. */
const FLAGS = ['-std=gnu11', '-O3', '-Wall', '-Wextra', '-Werror', `-I${SOURCES}`];
/** Node-API's headers from npm: a machine may have none of Node's own. */
const ADDON_FLAGS = [
  '-shared',
  '-fPIC',
  '-pthread',
  '-DNAPI_VERSION=8',
  `-I${join('node_modules', 'node-api-headers', 'include')}`,
];

/** What a peer needs beside the C library, as pkg-config knows it. */
const LIBRARIES: Readonly<Record<string, string>> = { fuse: 'fuse3' };

/** Builds `bench/peers/NAME.c` and returns the program's path. */
export function buildPeer(name: string): string {
  return compile(name, join(PROGRAMS, name), ['-pthread'], libraryFlags(name, '--cflags', '--libs'));
}

/** Whether the library that a peer needs is installed, with its headers. */
export function canBuildPeer(name: string): boolean {
  try {
    libraryFlags(name, '--exists');
    return true;
  } catch {
    return false;
  }
}

/** Builds `bench/peers/NAME.c` as an addon of Node.js, and returns its path. */
export function buildAddon(name: string): string {
  return compile(name, join(PROGRAMS, `${name}.node`), ADDON_FLAGS);
}

function libraryFlags(name: string, ...questions: string[]): string[] {
  const library = LIBRARIES[name];
  if (library === undefined) return [];
  const answer = execFileSync('pkg-config', [...questions, library], { encoding: 'utf8', stdio: 'pipe' });
  return answer.split(/\s+/).filter((flag) => flag !== '');
}

/** A library comes after what uses it. */
function compile(name: string, output: string, flags: readonly string[], libraries: readonly string[] = []): string {
  mkdirSync(dirname(output), { recursive: true });
  const source = join(SOURCES, `${name}.c`);
  const [command, args] = compilerCommand([...FLAGS, ...flags, '-o', output, source, ...libraries]);
  execFileSync(command, args, { stdio: 'inherit' });
  return output;
}

/** The compiler and its arguments. CC may contain some ('ccache gcc'). */
export function compilerCommand(args: readonly string[]): [command: string, args: string[]] {
  const [command = 'cc', ...own] = (process.env['CC'] ?? 'cc').split(' ').filter((word) => word !== '');
  return [command, [...own, ...args]];
}

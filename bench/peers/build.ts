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

/** Builds `bench/peers/NAME.c` and returns the program's path. */
export function buildPeer(name: string): string {
  return compile(name, join(PROGRAMS, name), ['-pthread']);
}

/** Builds `bench/peers/NAME.c` as an addon of Node.js, and returns its path. */
export function buildAddon(name: string): string {
  return compile(name, join(PROGRAMS, `${name}.node`), ADDON_FLAGS);
}

function compile(name: string, output: string, flags: readonly string[]): string {
  mkdirSync(dirname(output), { recursive: true });
  const [command, args] = compilerCommand([...FLAGS, ...flags, '-o', output, join(SOURCES, `${name}.c`)]);
  execFileSync(command, args, { stdio: 'inherit' });
  return output;
}

/** The compiler and its arguments. CC may contain some ('ccache gcc'). */
export function compilerCommand(args: readonly string[]): [command: string, args: string[]] {
  const [command = 'cc', ...own] = (process.env['CC'] ?? 'cc').split(' ').filter((word) => word !== '');
  return [command, [...own, ...args]];
}

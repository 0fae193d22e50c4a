// An environment without compilers, and the npm in it.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { root } from '../run.mjs';

export const home = join(root, 'out', 'packages');

/** What npm's shell scripts and `#!/usr/bin/env` need, and no program that could build an addon. */
const PLAIN_PROGRAMS = ['env', 'sh', 'uname', 'sed', 'dirname', 'basename', 'readlink', 'cat', 'rm', 'mkdir'];

/** A folder for PATH with node, and without python, make or a compiler. */
export function plainPath() {
  const folder = join(home, 'bin');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  symlinkSync(process.execPath, join(folder, 'node'));
  for (const name of PLAIN_PROGRAMS) {
    const path = ['/bin', '/usr/bin'].map((place) => join(place, name)).find((candidate) => existsSync(candidate));
    if (path) symlinkSync(path, join(folder, name));
  }
  return folder;
}

/** This process's environment without variables that npm adds for its scripts, that choose an addon, or that configure managers. */
export function plainEnv() {
  const own =
    /^(npm_(?!config_(registry|cafile|userconfig|globalconfig|nodedir)$)|VMOFFER_|NODE_OPTIONS$|INIT_CWD$|CI$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
}

/** @param {string[]} args @param {string} [cwd] */
export function npm(args, cwd = root) {
  // npm must run with this Node.
  const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd, encoding: 'utf8', env: { ...plainEnv(), PATH } });
  return { isOk: status === 0, output: stdout?.trim() ?? '', errors: stderr?.trim() ?? 'npm is not there' };
}

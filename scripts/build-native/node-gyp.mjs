// Finds the node-gyp that comes with npm, and the headers that it compiles with.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';

const { env, versions } = process;

/** The Node to build for. Bun runs this script, too, but needs Node's headers and gyp. */
export const node = versions.bun === undefined ? process.execPath : findOnPath('node');

/** The path of node-gyp's script, or undefined. */
export function findNodeGyp() {
  return candidates().find((path) => path !== undefined && existsSync(path));
}

function candidates() {
  const npm = findOnPath('npm');
  return [
    env.npm_config_node_gyp,
    // The package manager that runs this script: npm, or pnpm, which has a copy of node-gyp as well.
    ...(env.npm_execpath ? resolveFrom(env.npm_execpath) : []),
    ...(npm ? resolveFrom(realpathSync(npm)) : []),
    ...(node ? resolveFrom(join(dirname(node), '..', 'lib', 'node_modules', 'npm', 'package.json')) : []),
    ...(node ? resolveFrom(join(dirname(node), '..', 'share', 'nodejs', 'npm', 'package.json')) : []),
  ];
}

function resolveFrom(path) {
  try {
    return [createRequire(path).resolve('node-gyp/bin/node-gyp.js')];
  } catch {
    return [];
  }
}

/** @param {string} name */
function findOnPath(name) {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** The folder above `include/node` beside the node binary, if the headers there are those of this version. */
export function headersBesideNode() {
  if (!node) return undefined;
  const prefix = join(dirname(realpathSync(node)), '..');
  try {
    const text = readFileSync(join(prefix, 'include', 'node', 'node_version.h'), 'utf8');
    const numbers = ['MAJOR', 'MINOR', 'PATCH'].map((part) => RegExp(`NODE_${part}_VERSION (\\d+)`).exec(text)?.[1]);
    return numbers.join('.') === nodeVersion() ? prefix : undefined;
  } catch {
    return undefined;
  }
}

export function nodeVersion() {
  if (versions.bun === undefined) return versions.node;
  return spawnSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout.trim();
}

/** Runs node-gyp; with `isQuiet` its output is returned and not shown.
 * @param {string} script @param {string[]} args @param {{ cwd: string, isQuiet?: boolean }} options */
export function runNodeGyp(script, args, { cwd, isQuiet = false }) {
  const { status, stdout, stderr, error } = spawnSync(node, [script, '--loglevel=error', ...args], {
    cwd,
    encoding: 'utf8',
    stdio: isQuiet ? 'pipe' : 'inherit',
    // binding.gyp asks `node` for the headers of its dependencies. That must be this Node.
    env: { ...env, PATH: [dirname(node), env.PATH].join(delimiter) },
  });
  return { code: status ?? 1, output: [stdout, stderr, error?.message].filter(Boolean).join('\n').trim() };
}

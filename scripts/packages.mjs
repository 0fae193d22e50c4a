// npm run test:packages: packs this checkout, and installs it with each package manager into an empty project, where no
// install script runs and no compiler can be found. Then it runs the README's programs there, type-checks a program, and starts
// the agent of vmoffer-cluster.
// --from-source: also builds the addon in each. --only=NAME: one package manager (npm, pnpm, yarn, bun).
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { markdownTable } from 'markdown-table';
import {
  checkBuild,
  checkCluster,
  checkCommand,
  checkContents,
  checkPrograms,
  checkRemedy,
} from './packages/checks.mjs';
import { BESIDE, whyNothingIsRequired, whyNothingIsTyped } from './packages/controls.mjs';
import { managers } from './packages/managers.mjs';
import { Project } from './packages/project.mjs';
import { attempt, counts, remarks, skipAll } from './packages/tally.mjs';
import { home, npm, plainPath } from './packages/tools.mjs';
import { checkTypes, installCompiler, MODULES, TYPESCRIPTS } from './packages/types.mjs';
import { countsLine, leaveCounts, root } from './run.mjs';
import { isStale } from './stale.mjs';

process.chdir(root);

const isFromSource = process.argv.includes('--from-source');
const only = process.argv.find((arg) => arg.startsWith('--only='))?.slice('--only='.length) ?? '';
const typeColumns = TYPESCRIPTS.map((version) => MODULES.map((module) => `TypeScript ${version} ${module}`));
const columns = ['installs', 'import', 'require()', 'command', 'remedy', 'cluster', ...typeColumns.flat()];
if (isFromSource) columns.push('builds');

console.log('packs this checkout, and installs it into empty projects');
const tarball = packLibrary();
const clusterTarball = pack('packages/cluster');
const { readMePrograms } = await import('../out/js/spec/support/read-me.js');
const programs = readMePrograms();
const registry = npm(['config', 'get', 'registry']).output;
const isReachable = npm(['view', 'p-queue', 'version', '--fetch-retries=0']).isOk;
const path = plainPath();
const projects = mkdtempSync(join(tmpdir(), 'vmoffer-packages-'));

const rows = [];
try {
  for (const manager of managers.filter(({ name }) => name.startsWith(only))) rows.push(await tryManager(manager));
} finally {
  rmSync(projects, { recursive: true, force: true });
}

console.log(markdownTable([[`Node.js ${process.versions.node}`, ...columns], ...rows]));
for (const remark of remarks) console.log(remark);
leaveCounts('packages', counts);
console.log(countsLine(counts));
process.exitCode = counts.failures === 0 ? 0 : 1;

/** @returns {string} the path */
function packLibrary() {
  const prebuild = join('prebuilds', `linux-${process.arch}.node`);
  if (isStale(prebuild)) fail(`${prebuild} is missing, or older than the sources: run \`npm run prebuild\` first`);
  return pack('.');
}

/** Packs a package as it would be published. @param {string} folder @returns {string} the path */
function pack(folder) {
  mkdirSync(home, { recursive: true });
  const { isOk, output, errors } = npm(['pack', '--json', `--pack-destination=${home}`], join(root, folder));
  if (!isOk) fail(`npm pack failed:\n${errors}`);
  // Older releases print a list, newer ones an object by name.
  const told = JSON.parse(output.slice(output.search(/^[[{]/m)));
  return join(home, (Array.isArray(told) ? told[0] : Object.values(told)[0]).filename);
}

function fail(message) {
  console.error(`test:packages: ${message}`);
  process.exit(1);
}

/** @param {import('./packages/managers.mjs').Manager} manager @returns {Promise<string[]>} its row */
async function tryManager(manager) {
  const name = manager.name.replace(/^\w+/, (word) => `${word} ${manager.version}`);
  console.log(`${name} …`);
  const skip = (reason) => [name, ...skipAll(name, columns, reason)];
  if (!isReachable) return skip(`the registry ${registry} cannot be reached: this needs a network`);
  let project;
  try {
    const folder = join(projects, manager.name.replace(/\W+/g, '-'));
    project = new Project(folder, manager, { path, cache: join(home, 'cache'), registry });
  } catch (error) {
    return skip(error.message);
  }
  const installs = await attempt(name, 'installs', () => install(project));
  if (installs !== 'ok') return [name, installs, ...skipAll(name, columns.slice(1), 'it is not installed')];
  return [name, installs, ...(await tryInstalled(name, { project, programs }))];
}

/** @param {Project} project */
async function install(project) {
  const { isOk, output, errors } = await project.manage(project.manager.add('vmoffer', tarball, BESIDE));
  if (!isOk) throw new Error(`${output}\n${errors}`);
  await checkContents({ project, programs });
}

/** @param {string} name @param {import('./packages/checks.mjs').Context} context */
async function tryInstalled(name, context) {
  const requires = () => checkPrograms(context, '.cjs');
  const cells = [
    await attempt(name, 'import', () => checkPrograms(context, '.mjs')),
    await attempt(name, 'require()', requires, () => whyNothingIsRequired(context)),
    await attempt(name, 'command', () => checkCommand(context)),
    await attempt(name, 'remedy', () => checkRemedy(context)),
    await attempt(name, 'cluster', () => checkCluster(context, clusterTarball)),
  ];
  for (const index of TYPESCRIPTS.keys()) cells.push(...(await tryTypeScript(name, context, index)));
  if (isFromSource) cells.push(await attempt(name, 'builds', () => checkBuild(context)));
  return cells;
}

/** @param {string} name @param {import('./packages/checks.mjs').Context} context @param {number} index */
async function tryTypeScript(name, context, index) {
  const cells = [];
  let tsc;
  for (const [i, module] of MODULES.entries()) {
    const check = async () => {
      tsc ??= await installCompiler(context, TYPESCRIPTS[index]);
      await checkTypes(context, module, tsc);
    };
    const control = async () => (tsc === undefined ? undefined : await whyNothingIsTyped(context, module, tsc));
    cells.push(await attempt(name, typeColumns[index][i], check, control));
  }
  return cells;
}

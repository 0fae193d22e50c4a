// What must work in a project that has installed the package. Each check resolves, or rejects with what went wrong.
import { existsSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** @typedef {{ project: import('./project.mjs').Project, programs: Map<string, string> }} Context */

/** @param {import('./project.mjs').Outcome} outcome */
export function expectOk({ isOk, output, errors }, what = '') {
  if (!isOk) throw new Error(`${what}${what && ': '}${output}\n${errors}`.trim());
}

function expectEqual(found, expected, what) {
  if (found !== expected)
    throw new Error(`${what}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`);
}

/** The folder of the package as node finds it. @param {Context} context */
async function packageFolder({ project }) {
  const script = "console.log(require.resolve('vmoffer/package.json'))";
  const outcome = await project.node(['--input-type=commonjs', '--eval', script]);
  expectOk(outcome, 'vmoffer is not found');
  return dirname(outcome.output.trim());
}

/** The install built nothing, and a dynamic linker can open the addon. @param {Context} context */
export async function checkContents(context) {
  const folder = await packageFolder(context);
  if (existsSync(join(folder, 'build')))
    throw new Error(`${folder}/build is there, though nothing should have been built`);
  const addon = join(folder, 'prebuilds', `linux-${process.arch}.node`);
  if (!existsSync(addon)) throw new Error(`${addon} is not there`);
}

/** The programs of the README, all of them. @param {Context} context @param {'.mjs' | '.cjs'} suffix */
export async function checkPrograms({ project, programs }, suffix) {
  for (const [name, code] of programs) {
    project.write(name.replace('.mjs', suffix), suffix === '.cjs' ? asCommonJs(code) : code);
  }
  for (const name of ['hand-off', 'channel'])
    await checkOutput(project, programs.get(`${name}.mjs`) ?? '', name + suffix);
  await checkTwoProcesses(project, suffix);
}

async function checkOutput(project, code, file) {
  const { promisedLines } = await import('../../out/js/spec/support/read-me.js');
  const promised = promisedLines(code);
  if (promised.length === 0) throw new Error(`README.md does not say what ${file} prints`);
  const outcome = await project.node([file]);
  expectOk(outcome, file);
  expectEqual(outcome.output, `${promised.join('\n')}\n`, file);
}

async function checkTwoProcesses(project, suffix) {
  const claimer = project.startNode([`claimer${suffix}`]);
  try {
    expectEqual(await claimer.line(), `node source.mjs ${claimer.pid}`, `claimer${suffix}`);
    expectOk(await project.node([`source${suffix}`, String(claimer.pid)]), `source${suffix}`);
    expectEqual(await claimer.line(), 'hello', `claimer${suffix}`);
  } finally {
    claimer.kill();
  }
}

/** The same program with require(). @param {string} code */
function asCommonJs(code) {
  const required = code.replace(/^import (\{[^}]*\}) from ('[^']*');$/gm, 'const $1 = require($2);');
  if (/^import /m.test(required)) throw new Error(`an import is left in\n${required}`);
  return `(async () => {\n${required}})();\n`;
}

/** The package's own command works. @param {Context} context */
export async function checkCommand({ project }) {
  const outcome = await project.manage([...project.manager.exec, 'vmoffer', 'doctor']);
  expectOk(outcome);
  if (!outcome.output.includes('memory objects')) throw new Error(`doctor said: ${outcome.output}`);
}

/** Nobody listens there, which the agent finds out: so it has been started, with all that it needs. */
const CLUSTER_PROGRAM = `
import { join, nats } from 'vmoffer-cluster';
import { VmoError } from 'vmoffer';
const told = await join(nats({ servers: '127.0.0.1:1' }), { as: 'a' }).catch((error) => error);
console.log(told instanceof VmoError, told.code);
`;

/** Installs the package beside the library. Its agent, a program of its own, starts there. @param {Context} context @param {string} tarball */
export async function checkCluster({ project }, tarball) {
  const { manager } = project;
  expectOk(await project.manage(manager.add('vmoffer-cluster', tarball)));
  expectOk(await project.manage([...manager.exec, 'vmoffer', 'agent', '--help']), 'vmoffer agent');
  project.write('cluster.mjs', CLUSTER_PROGRAM);
  const outcome = await project.node(['cluster.mjs']);
  expectOk(outcome, 'cluster.mjs');
  expectEqual(outcome.output, 'true ERR_VMO_PEER_GONE\n', 'cluster.mjs');
}

/** Without a binary, the error names the command that builds one here. @param {Context} context @returns {Promise<string>} */
export async function checkRemedy(context) {
  const { project } = context;
  const folder = await packageFolder(context);
  const prebuilds = join(folder, 'prebuilds');
  renameSync(prebuilds, `${prebuilds}-hidden`);
  try {
    const { isOk, errors } = await project.node(['hand-off.mjs']);
    if (isOk) throw new Error('it works without a binary');
    const command = / Build it: (.*?) {2}\(it needs /.exec(errors)?.[1];
    expectEqual(command, `${project.manager.runs} ${folder}/scripts/build-native.mjs`, 'the command that builds it');
    return command;
  } finally {
    renameSync(`${prebuilds}-hidden`, prebuilds);
  }
}

/** That command builds the addon, and the library then loads what it has built. @param {Context} context */
export async function checkBuild(context) {
  const { project } = context;
  const [program, ...args] = (await checkRemedy(context)).split(' ');
  const env = { PATH: process.env.PATH ?? '' };
  expectOk(program === 'node' ? await project.node(args, env) : await project.manage(args, env));
  const outcome = await project.node(['hand-off.mjs'], { DEBUG: 'vmoffer:addon' });
  expectOk(outcome);
  const built = join(await packageFolder(context), 'build', 'Release', 'vmoffer.node');
  if (!outcome.errors.includes(`loading ${built}`)) throw new Error(`not what was built was loaded: ${outcome.errors}`);
}

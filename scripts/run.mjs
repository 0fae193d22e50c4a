// Shared by the longer npm scripts: runs a step in the project's folder, and mocha with its counts.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** @param {string} name */
export function isOnPath(name) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, name)));
}

/**
 * Runs a program with this one's input and output. Resolves to its exit code, as a shell would give it.
 * @param {string} command @param {string[]} args @param {Record<string, string>} env
 */
export function run(command, args = [], env = {}) {
  const { status, signal, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (error) console.error(`${command}: ${error.message}`);
  if (signal) console.error(`${command} was killed by ${signal}`);
  return status ?? (signal ? 128 + constants.signals[signal] : 127);
}

/** @param {string} script @param {string[]} args */
export function runNpm(script, args = []) {
  return run('npm', ['run', '--loglevel=warn', script, ...(args.length > 0 ? ['--', ...args] : [])]);
}

/** The file in which a run leaves its counts. @param {string} suite */
export function countsFile(suite) {
  return join(root, 'out', 'mocha', `${suite}.json`);
}

/** For a run that is not mocha's. @param {string} suite @param {{ passes: number, failures: number, pending: number }} counts */
export function leaveCounts(suite, counts) {
  mkdirSync(dirname(countsFile(suite)), { recursive: true });
  writeFileSync(countsFile(suite), JSON.stringify(counts));
}

/**
 * Runs the specs. `counts` is undefined if mocha ended before it could report them.
 * @param {string} suite @param {string[]} args @param {Record<string, string>} env @param {string} node
 */
export function runSpecs(suite, args = [], env = {}, node = process.execPath) {
  return runSpecsBy([node, 'node_modules/mocha/bin/mocha.js', ...args], suite, env);
}

/**
 * The same with another command.
 * @param {string[]} command @param {string} suite @param {Record<string, string>} env
 */
export function runSpecsBy([program, ...args], suite, env = {}) {
  const summary = countsFile(suite);
  rmSync(summary, { force: true });
  const own = { VMOFFER_SUITE: suite, VMOFFER_ADDON: 'probe' };
  const code = run(program, args, { ...own, ...env });
  const counts = existsSync(summary) ? JSON.parse(readFileSync(summary, 'utf8')) : undefined;
  return { code, counts };
}

/** @param {{ passes: number, failures: number, pending: number } | undefined} counts */
export function countsLine(counts) {
  if (!counts) return 'no counts: mocha did not finish';
  const skipped = counts.pending > 0 ? `, ${counts.pending} skipped` : '';
  return `${counts.passes} passed, ${counts.failures} failed${skipped}`;
}

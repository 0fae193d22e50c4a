// Programs that come as packages (another Node, Bun, Deno, package managers), kept in out/tools/ from run to run.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';

const cache = join(root, 'out', 'tools');

/**
 * The folder of an installed package. Throws when it cannot be had, with npm's own words.
 * @param {string} name @param {string} version best exact, so that what is kept stays true
 * @param {string[]} options for npm: a package for another processor needs some
 */
export function fetchPackage(name, version, options = []) {
  const folder = join(cache, `${name.replaceAll('/', '+')}@${version}`);
  const installed = join(folder, 'node_modules', name);
  if (existsSync(installed)) return installed;
  // Into a folder of its own first: a run that is cut off leaves nothing half done.
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  const args = ['install', '--prefix', unfinished, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status, stderr } = spawnSync('npm', [...args, ...options, `${name}@${version}`], { encoding: 'utf8' });
  if (status !== 0) {
    rmSync(unfinished, { recursive: true, force: true });
    throw new Error(`${name}@${version} cannot be fetched: ${stderr.trim()}`);
  }
  rmSync(folder, { recursive: true, force: true });
  renameSync(unfinished, folder);
  return installed;
}

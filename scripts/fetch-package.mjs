// Installs programs that come as packages (another Node, Bun, Deno, package managers) into out/tools/, and keeps them there.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';

const cache = join(root, 'out', 'tools');

/**
 * The folder of an installed package. If it cannot be installed, throws with npm's own words.
 * @param {string} name @param {string} version exact if possible: the folder is kept and not updated
 * @param {string[]} options for npm: a package for another processor needs some
 */
export function fetchPackage(name, version, options = []) {
  const folder = join(cache, `${name.replaceAll('/', '+')}@${version}`);
  const installed = join(folder, 'node_modules', name);
  if (existsSync(installed)) return installed;
  // Installs into a temporary folder first, so that an interrupted run leaves nothing half done.
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

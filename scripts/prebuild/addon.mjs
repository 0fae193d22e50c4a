// Makes a release binary of the addon, and checks it against the rules for one.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { listSources } from '../list-sources.mjs';
import { compileAll } from './compile.mjs';
import { readElf } from './elf.mjs';
import { MAX_RELEASE_BYTES, problemsOfExports, problemsOfImports, problemsOfVersions } from './judge.mjs';
import { linkPortably } from './link.mjs';
import { compileFlags } from './targets.mjs';

/** @typedef {ReturnType<typeof import('./targets.mjs').targetOf>} Target */

/** @param {string} path @param {Target} target */
function problemsOf(path, target) {
  const { machine, neededVersions, symbols } = readElf(path);
  const bytes = statSync(path).size;
  return [
    ...(machine === target.machine ? [] : [`it is for machine ${machine}, not ${target.machine}`]),
    ...(bytes <= MAX_RELEASE_BYTES ? [] : [`${bytes} bytes are more than ${MAX_RELEASE_BYTES}`]),
    ...problemsOfVersions(neededVersions),
    ...problemsOfImports(symbols, { isRelease: true }),
    ...problemsOfExports(symbols),
  ];
}

/** Returns the path. @param {Target} target */
export async function makeAddon(target) {
  const folder = join('build', 'prebuild', target.arch);
  const sources = ['engine', 'native', 'scripts/prebuild'].flatMap((name) => listSources(name));
  const objects = await compileAll(target.compiler, compileFlags(), sources, folder);
  const path = join(folder, 'vmoffer.node');
  linkPortably(target, objects, folder, path);
  const problems = problemsOf(path, target);
  if (problems.length > 0) throw new Error(`${path} is not fit for release:\n  ${problems.join('\n  ')}`);
  return path;
}

/** Makes the addon `probe` for the specs, and returns its path. @param {Target} target */
export async function makeProbe(target) {
  const folder = join('build', 'prebuild', `${target.arch}-probe`);
  const sources = ['engine', 'native', 'fixtures/probe', 'scripts/prebuild'].flatMap((name) => listSources(name));
  const flags = [...compileFlags(), '-O1', '-DVMO_PROBE=1'];
  const objects = await compileAll(target.compiler, flags, sources, folder);
  const path = join(folder, 'probe.node');
  linkPortably(target, objects, folder, path);
  return path;
}

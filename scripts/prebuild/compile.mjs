// Compiles sources in parallel, and leaves out those that are older than their objects.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { listSources } from '../list-sources.mjs';

const modifiedAt = (/** @type {string} */ path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

/** @param {string} compiler @param {string[]} args */
function compile(compiler, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(compiler, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(undefined);
      else reject(new Error(`${compiler} failed for ${args.at(-1)}`));
    });
  });
}

/**
 * Returns the paths of the objects. Runs in the project's folder. Throws if a source does not compile.
 * @param {string} compiler @param {string[]} flags @param {string[]} sources @param {string} folder
 */
export async function compileAll(compiler, flags, sources, folder) {
  const headers = ['engine', 'native', 'fixtures'].flatMap((name) => listSources(name, /\.h$/));
  // An object depends on the flags as well as on the headers.
  const newestInput = Math.max(...[...headers, 'scripts/prebuild/targets.mjs'].map(modifiedAt));
  const jobs = sources.map((source) => ({ source, object: join(folder, source.replace(/\.\w+$/, '.o')) }));
  const stale = jobs.filter(({ source, object }) => modifiedAt(object) <= Math.max(modifiedAt(source), newestInput));
  const work = stale.values();
  const worker = async () => {
    for (const { source, object } of work) {
      mkdirSync(dirname(object), { recursive: true });
      await compile(compiler, [...flags, '-o', object, '-c', source]);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return jobs.map(({ object }) => object);
}

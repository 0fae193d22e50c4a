// Prints the C++ sources below the given folders, sorted, one a line. binding.gyp calls it.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** @param {string} folder @param {RegExp} pattern @returns {string[]} */
export function listSources(folder, pattern = /\.cc$/) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => pattern.test(path))
    .sort();
}

if (process.argv[1]?.endsWith('list-sources.mjs')) {
  for (const folder of process.argv.slice(2)) for (const path of listSources(folder)) console.log(path);
}

// Whether a binary of the addon is older than what it is made of.
import { existsSync, statSync } from 'node:fs';
import { listSources } from './list-sources.mjs';

/** It looks in the project's folder. @param {string} binary */
export function isStale(binary) {
  if (!existsSync(binary)) return true;
  const builtAt = statSync(binary).mtimeMs;
  const sources = ['binding.gyp', ...['engine', 'native'].flatMap((folder) => listSources(folder, /\.(cc|h)$/))];
  return sources.some((path) => statSync(path).mtimeMs > builtAt);
}

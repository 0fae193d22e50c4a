// Whether a binary of the addon is older than its sources.
import { existsSync, statSync } from 'node:fs';
import { listSources } from './list-sources.mjs';

/** REQUIRES: the project's folder is the current one. @param {string} binary */
export function isStale(binary) {
  if (!existsSync(binary)) return true;
  const builtAt = statSync(binary).mtimeMs;
  const sources = ['binding.gyp', ...['engine', 'native'].flatMap((folder) => listSources(folder, /\.(cc|h)$/))];
  return sources.some((path) => statSync(path).mtimeMs > builtAt);
}

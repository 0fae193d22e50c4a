// Brings dist/, out/ and the addon up to date, and says nothing when they are.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { listSources } from './list-sources.mjs';
import { root, runNpm } from './run.mjs';

process.chdir(root);
const addon = join('build', 'Release', 'vmoffer.node');
const sources = ['binding.gyp', ...['engine', 'native'].flatMap((folder) => listSources(folder, /\.(cc|h)$/))];

function isStale() {
  if (!existsSync(addon)) return true;
  const builtAt = statSync(addon).mtimeMs;
  return sources.some((path) => statSync(path).mtimeMs > builtAt);
}

const code = (isStale() ? runNpm('build:native') : 0) || runNpm('build:ts');
process.exitCode = code;

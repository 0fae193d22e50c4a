// Checks (--check) or corrects (--write) the format of C++ and C files with the clang-format that npm installed.
import { spawnSync } from 'node:child_process';
import { listSources } from './list-sources.mjs';
import { root } from './run.mjs';

process.chdir(root);
const mode = process.argv.includes('--write') ? ['-i'] : ['--dry-run', '--Werror'];
const files = ['engine', 'native', 'fixtures', 'fuzz', 'spec', 'bench', 'scripts'].flatMap((folder) =>
  listSources(folder, /\.(cc|c|h)$/),
);
if (files.length > 0) {
  const { status } = spawnSync('node_modules/.bin/clang-format', [...mode, ...files], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}

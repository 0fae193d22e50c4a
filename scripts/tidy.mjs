// npm run lint:tidy: runs clang-tidy over engine/ and native/, if it is installed.
import { execFileSync } from 'node:child_process';
import { listSources } from './list-sources.mjs';
import { isOnPath, root, run } from './run.mjs';

process.chdir(root);
const names = ['clang-tidy', 'clang-tidy-19', 'clang-tidy-18', 'clang-tidy-16', 'clang-tidy-15', 'clang-tidy-14'];
const tidy = names.find(isOnPath);
if (!tidy) {
  console.log('skipped: no clang-tidy on PATH; install clang-tidy (apt-get install clang-tidy) to run this check');
  process.exit(0);
}

const evaluate = (expression) => execFileSync(process.execPath, ['-p', expression], { encoding: 'utf8' }).trim();
const flags = ['-xc++', '-std=gnu++20', '-fno-exceptions', '-fno-rtti', '-I.', '-DNAPI_VERSION=8', '-Wthread-safety'];
flags.push('-DNODE_ADDON_API_DISABLE_CPP_EXCEPTIONS');
flags.push('-isystem', evaluate("path.resolve(require('node-addon-api').include_dir)"));
flags.push(
  '-isystem',
  evaluate("path.join(process.env.npm_config_nodedir ?? path.resolve(process.execPath, '../..'), 'include/node')"),
);

const sources = [...listSources('engine'), ...listSources('native')];
const failed = sources.filter((source) => run(tidy, ['--quiet', source, '--', ...flags]) !== 0);
console.log(
  failed.length === 0 ? `${tidy}: ${sources.length} files, clean` : `${tidy}: ${failed.length} files need work`,
);
process.exitCode = failed.length === 0 ? 0 : 1;

// npm run lint:tidy: runs clang-tidy over engine/ and native/, if it is installed.
import { execFile, execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import PQueue from 'p-queue';
import { listSources } from './list-sources.mjs';
import { isOnPath, root } from './run.mjs';

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

// It says on stderr how many warnings it has suppressed in the headers of others.
const isNoise = (line) => line === '' || /^\d+ warnings? (and \d+ errors? )?generated\.$/.test(line);

/** Resolves to whether the file is clean, and prints what is not. @param {string} source */
function isClean(source) {
  return new Promise((resolve, reject) => {
    execFile(tidy, ['--quiet', source, '--', ...flags], { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') return reject(error);
      process.stdout.write(stdout);
      for (const line of stderr.split('\n').filter((each) => !isNoise(each))) console.error(line);
      resolve(error === null);
    });
  });
}

const sources = [...listSources('engine'), ...listSources('native')];
const queue = new PQueue({ concurrency: availableParallelism() });
const clean = await queue.addAll(sources.map((source) => () => isClean(source)));
const unclean = clean.filter((is) => !is).length;
console.log(unclean === 0 ? `${tidy}: ${sources.length} files, clean` : `${tidy}: ${unclean} files need work`);
process.exitCode = unclean === 0 ? 0 : 1;

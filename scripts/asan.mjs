// npm run test:asan: runs specs over an addon built with AddressSanitizer and UBSan. Arguments are folders below spec/. Without
// arguments all specs run, which takes half an hour.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listSources } from './list-sources.mjs';
import { countsLine, root, run, runNpm, runSpecsBy } from './run.mjs';
import { findRuntime, sanitized } from './sanitizers.mjs';

process.chdir(root);
if (findRuntime() === undefined) {
  console.error('test:asan: g++ has no libasan.so here; install it (apt-get install libasan8, or that of your g++)');
  process.exit(1);
}

const build = [
  () => run('node-gyp', ['configure', '--', '-Dwith_probe=1']),
  // The probe includes the whole addon.
  () => run('node-gyp', ['build', '--debug', '-j', 'max', 'probe']),
  () => runNpm('build:ts'),
];
for (const step of build) {
  const code = step();
  if (code !== 0) process.exit(code);
}

const addon = readFileSync(join('build', 'Debug', 'probe.node'), 'latin1');
for (const mark of ['__asan_report_load', '__ubsan_handle_add_overflow_abort']) {
  if (addon.includes(mark)) continue;
  console.error(`test:asan: the addon has no ${mark} in it: it was built without a sanitizer`);
  process.exit(1);
}

const folders = process.argv.length > 2 ? process.argv.slice(2) : ['.'];
const specs = folders.flatMap((folder) => listSources(join('out', 'js', 'spec', folder), /\.spec\.js$/));
if (specs.length === 0) {
  console.error(`test:asan: there are no specs in ${folders.join(', ')}`);
  process.exit(1);
}
const support = join('out', 'js', 'spec', 'support');
const mocha = [process.execPath, 'node_modules/mocha/bin/mocha.js', '--no-config', '--timeout', '120000'];
const setUp = ['--require', `./${join(support, 'leak-check.js')}`, '--reporter', `./${join(support, 'reporter.js')}`];
const { code, counts } = runSpecsBy([...mocha, ...setUp, ...specs], 'asan', sanitized());
console.log(`test:asan: ${countsLine(counts)}`);
process.exitCode = code;

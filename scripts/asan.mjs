// npm run test:asan: the specs over an addon built with AddressSanitizer and UBSan. Arguments go to mocha.
import { execFileSync } from 'node:child_process';
import { countsLine, run, runNpm, runSpecs } from './run.mjs';

const build = [
  () => run('node-gyp', ['configure', '--', '-Dwith_probe=1']),
  () => run('node-gyp', ['build', '--debug', '-j', 'max']),
  () => runNpm('build:ts'),
];
for (const step of build) {
  const code = step();
  if (code !== 0) process.exit(code);
}

// Node itself is not instrumented, so the runtime must be there before it, and V8's own leaks at exit are not ours. What is
// freed stays out of use for a while, but not so much of it that specs which count memory take it for a leak.
const runtime = execFileSync('g++', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim();
const { code, counts } = runSpecs('asan', ['--timeout', '120000', ...process.argv.slice(2)], {
  VMOFFER_BUILD: 'Debug',
  LD_PRELOAD: runtime,
  ASAN_OPTIONS: 'detect_leaks=0:quarantine_size_mb=1:abort_on_error=0:exitcode=99:allow_user_segv_handler=1',
  UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
});
console.log(`test:asan: ${countsLine(counts)}`);
process.exitCode = code;

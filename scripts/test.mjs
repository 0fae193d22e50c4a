// npm test: builds everything, checks types, style and format, runs the specs, and prints the result of each at the end.
// Arguments go to mocha.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { countsLine, root, runNpm, runSpecs } from './run.mjs';

const results = [];

function step(name, code, remark = '') {
  results.push({ name, passed: code === 0, remark });
  return code === 0;
}

// A spec whose source is gone must not run again.
rmSync(join(root, 'out', 'js'), { recursive: true, force: true });
const isBuilt = [step('native build', runNpm('build:probe')), step('type check', runNpm('typecheck'))].every(Boolean);
step('lint', runNpm('lint'));
step('C++ format', runNpm('lint:cpp'));
step('format', runNpm('lint:format'));
if (isBuilt) {
  const { code, counts } = runSpecs('specs', process.argv.slice(2));
  step('specs', code, countsLine(counts));
} else {
  step('specs', 1, 'not run: the build failed');
}

for (const { name, passed, remark } of results) {
  console.log(`${passed ? 'ok    ' : 'FAILED'}  ${name}${remark && `: ${remark}`}`);
}
const failures = results.filter(({ passed }) => !passed);
console.log(
  failures.length === 0 ? 'npm test: all of it passed' : `npm test: ${failures.length} of ${results.length} FAILED`,
);
process.exitCode = failures.length === 0 ? 0 : 1;

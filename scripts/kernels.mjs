// npm run test:kernels -- 6.1 [6.12 …]: boots Debian's kernels of these versions under QEMU with the built checkout. There it
// runs, as root and as nobody, the doctor, a smoke test of everything and some of the specs. out/kernels keeps the kernels and
// the output of the guests. Build first: npm run build:probe && npx tsc --build. --only=smoke,pull runs these checks alone.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { boot } from './kernels/boot.mjs';
import { findKernel } from './kernels/find-kernel.mjs';
import { makeRoot } from './kernels/make-root.mjs';
import { printTable, countsOf } from './kernels/results.mjs';
import { isOnPath, root } from './run.mjs';

const PROGRAMS = {
  'qemu-system-x86_64': 'qemu-system-x86',
  busybox: 'busybox-static',
  cpio: 'cpio',
  'dpkg-deb': 'dpkg',
  'apt-get': 'apt',
};

const { positionals: versions, values } = parseArgs({ allowPositionals: true, options: { only: { type: 'string' } } });
const missing = Object.keys(PROGRAMS).filter((program) => !isOnPath(program));

function skip(reason) {
  console.log(`test:kernels: skipped: ${reason}`);
  process.exit(0);
}

if (versions.length === 0 || versions.some((version) => !/^\d+(\.\d+)*$/.test(version))) {
  console.error('usage: npm run test:kernels -- VERSION… [--only=CHECK,…], with versions such as 5.10, 6.1 and 6.12');
  process.exit(2);
}
if (process.arch !== 'x64') skip('it boots kernels for x64 only');
if (missing.length > 0) {
  const packages = missing.map((program) => PROGRAMS[program]).join(' ');
  skip(`no ${missing.join(', ')} on PATH; to run it, on Debian: apt-get install ${packages}`);
}
if (!existsSync(join(root, 'build/Release/probe.node')) || !existsSync(join(root, 'out/js/spec'))) {
  console.error('test:kernels: nothing is built; npm run build:probe && npx tsc --build');
  process.exit(2);
}

const folder = join(root, 'out', 'kernels');
mkdirSync(folder, { recursive: true });
const initrd = makeRoot(folder);
const results = [];
for (const version of versions) {
  const kernel = findKernel(folder, version);
  console.log(`\n== ${kernel.name}`);
  results.push(await boot({ ...kernel, initrd, log: join(folder, `${kernel.name}.log`), only: values.only }));
}
for (const result of results) printTable(result);
const { passed, failed, skipped } = countsOf(results.flatMap(({ rows }) => rows));
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

// npm run test:runtimes [-- ID ...]: runs the README's programs and those of fixtures/runtimes on every runtime that
// vmoffer supports, and prints a table. The runtimes come from npm, the first time.
import { join } from 'node:path';
import { markdownTable } from 'markdown-table';
import { countsLine, leaveCounts, run } from './run.mjs';

if (run(process.execPath, [join('scripts', 'build-if-stale.mjs')]) !== 0) process.exit(1);
const { RUNTIMES } = await import('./runtimes/list.mjs');
const { CHECKS, inFolder } = await import('./runtimes/checks.mjs');
const { Session } = await import('./runtimes/session.mjs');

const wanted = process.argv.slice(2);
const unknown = wanted.filter((id) => !RUNTIMES.some((runtime) => runtime.id === id));
if (unknown.length > 0) {
  console.error(`no runtime here is called '${unknown[0]}'; there are: ${RUNTIMES.map(({ id }) => id).join(', ')}`);
  process.exit(2);
}

const counts = { passes: 0, failures: 0, pending: 0 };
const failed = (why) => {
  counts.failures += 1;
  return { cell: 'FAILED', why };
};

async function tryCheck(check, command, folder) {
  const session = new Session(command, folder);
  try {
    const remark = await check.run(session);
    counts.passes += 1;
    return { cell: remark || 'ok' };
  } catch (error) {
    return failed(error.message);
  } finally {
    await session.end();
  }
}

async function tryAll(runtime, folder) {
  console.log(runtime.id);
  const results = [];
  let command;
  try {
    command = runtime.command();
  } catch (error) {
    console.log(`  FAILED  ${error.message}`);
    return CHECKS.map(() => failed(error.message));
  }
  for (const check of CHECKS) {
    const result = await tryCheck(check, command, folder);
    console.log(`  ${result.why === undefined ? 'ok    ' : 'FAILED'}  ${check.name}: ${result.why ?? result.cell}`);
    results.push(result);
  }
  return results;
}

const runtimes = RUNTIMES.filter(({ id }) => wanted.length === 0 || wanted.includes(id));
const columns = [];
await inFolder(async (folder) => {
  for (const runtime of runtimes) columns.push(await tryAll(runtime, folder));
});

console.log(
  markdownTable([
    ['', ...runtimes.map(({ name }) => name)],
    ...CHECKS.map(({ name }, row) => [name, ...columns.map((column) => column[row].cell)]),
  ]),
);
leaveCounts('runtimes', counts);
console.log(`test:runtimes: ${countsLine(counts)}`);
process.exitCode = counts.failures === 0 ? 0 : 1;

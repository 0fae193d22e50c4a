// Prints what failed in each of the named mocha runs, the counts that each has left, and their sum in the last line. Fails
// if a run failed or is missing. The failures are repeated here because the log of a long run is often cut to its end.
import { existsSync, readFileSync } from 'node:fs';
import { countsFile, countsLine } from './run.mjs';

const total = { passes: 0, failures: 0, pending: 0 };
for (const suite of process.argv.slice(2)) {
  const summary = countsFile(suite);
  if (!existsSync(summary)) {
    console.log(`the run '${suite}' left no counts: it did not start or did not finish`);
    process.exitCode = 1;
    continue;
  }
  const counts = JSON.parse(readFileSync(summary, 'utf8'));
  for (const { title, error } of counts.failed ?? []) console.log(`${suite}: failed: ${title}\n  ${error}`);
  console.log(`${suite}: ${countsLine(counts)}`);
  for (const key of Object.keys(total)) total[key] += counts[key];
}
if (total.failures > 0 || total.passes === 0) process.exitCode = 1;
console.log(countsLine(total));

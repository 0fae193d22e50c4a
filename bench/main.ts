/** npm run bench -- [NAME…]: measures the library beside its peers, prints one table, and writes results and pictures. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPTIONS_HELP, parseArguments, UsageError } from './arguments.js';
import type { Bench } from './bench.js';
import { benches } from './benches.js';
import { keep } from './document.js';
import type { Effort } from './effort.js';
import { currentEnvironment } from './environment.js';
import { renderMeasurements, renderPage, renderTable } from './report.js';
import { readResults, writeResults, type Results } from './results.js';

const USAGE = `Usage: npm run bench -- [NAME…] [OPTION…]

${benches.map(({ name, what }) => `  ${name.padEnd(16)}  ${what}`).join('\n')}

Without a name: all of them.

${OPTIONS_HELP}`;

async function main(args: readonly string[]): Promise<void> {
  const { names, effort, folder, isShow, isDocument, isHelp } = parseArguments(
    args,
    benches.map(({ name }) => name),
  );
  if (isHelp) {
    console.log(USAGE);
    return;
  }
  const chosen = names.length === 0 ? benches : benches.filter(({ name }) => names.includes(name));
  const results = isShow || isDocument ? readAll(folder, chosen) : await measure(folder, chosen, effort);
  if (isDocument) keep(folder, results);
  if (names.length > 0) results.forEach(printDetails);
  console.log(renderTable(results));
  console.log(`Every value and the pictures are in ${folder}`);
}

async function measure(folder: string, chosen: readonly Bench[], effort: Effort): Promise<Results[]> {
  const environment = currentEnvironment();
  const all: Results[] = [];
  for (const bench of chosen) {
    console.error(`${bench.name}: ${bench.what}`);
    const findings = await bench.run(effort);
    all.push(
      await writeResults(folder, bench, findings, { takenAt: new Date(), isQuick: effort.isQuick, environment }),
    );
  }
  // The table has results of earlier runs, too, because benches can be run one by one.
  writeFileSync(join(folder, 'table.md'), renderPage(readAll(folder, benches)));
  return all;
}

function readAll(folder: string, chosen: readonly Bench[]): Results[] {
  return chosen.flatMap(({ name }) => readResults(folder, name) ?? []);
}

function printDetails({ bench, what, measurements, notes }: Results): void {
  console.log(`${bench}: ${what}\n`);
  console.log(renderMeasurements(measurements));
  for (const note of notes) console.log(`- ${note}`);
  console.log();
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const isUsage = error instanceof UsageError;
  console.error(isUsage ? `${error.message}\n\n${USAGE}` : error);
  process.exitCode = isUsage ? 2 : 1;
});

/** npm run bench -- NAME: measures one thing beside its peers, and prints one table and one picture. */
import { claimBench } from './claim.js';
import { judge } from './comparison.js';
import type { Bench } from './bench.js';
import { faultBench } from './fault.js';
import { handOffBench } from './handoff.js';
import { renderComparisons, renderSamples } from './report.js';
import { writeChart } from './chart.js';

const benches: readonly Bench[] = [claimBench, faultBench, handOffBench];

function usage(): string {
  const lines = benches.map(({ name, what }) => `  ${name.padEnd(8)} ${what}`);
  return ['Usage: npm run bench -- NAME', '', ...lines, ''].join('\n');
}

async function main(name: string | undefined): Promise<void> {
  const bench = benches.find((candidate) => candidate.name === name);
  if (!bench) {
    console.log(usage());
    process.exitCode = name === undefined ? 0 : 2;
    return;
  }
  const { samples, sizes = new Map(), comparisons, notes } = await bench.run();
  const judged = comparisons.map((comparison) => judge(comparison, comparison.unit === 'bytes' ? sizes : samples));
  console.log(`${bench.name}: ${bench.what}\n`);
  console.log(renderComparisons(judged));
  console.log(renderSamples(samples));
  if (sizes.size > 0) console.log(renderSamples(sizes, 'bytes'));
  for (const note of notes) console.log(`- ${note}`);
  console.log(`\nThe picture is ${writeChart(bench.name, samples)}`);
}

await main(process.argv[2]);

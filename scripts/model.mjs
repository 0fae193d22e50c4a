// npm run test:model -- [--runs N] [--steps N] [--seed N]: checks the library against the ownership model, N times. Each run
// has the seed of the last one plus 1; a run that fails prints its seed.
import { parseArgs } from 'node:util';
import { countsLine, runSpecs } from './run.mjs';

// Without .mocharc.json, which names every spec.
const MOCHA = [
  '--no-config',
  '--timeout=60000',
  '--require=./out/js/spec/support/leak-check.js',
  '--reporter=./out/js/spec/support/reporter.js',
  'out/js/spec/scenarios/hand-off/model.spec.js',
];

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100' },
    steps: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
});
for (const [name, value] of Object.entries(values)) {
  if (/^\d+$/.test(value)) continue;
  console.error(`test:model: --${name} is '${value}', and must be a whole number`);
  process.exit(2);
}

const env = { VMOFFER_RUNS: values.runs, VMOFFER_STEPS: values.steps, VMOFFER_SEED: values.seed };
const { code, counts } = runSpecs('model', MOCHA, env);
console.log(`test:model: seeds from ${values.seed} on, ${values.runs} runs: ${countsLine(counts)}`);
process.exitCode = code === 0 && counts !== undefined ? 0 : 1;

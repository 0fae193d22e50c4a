// npm run test:model -- [--runs N] [--steps N] [--seed N]: the model of who owns what, as often as is asked for. Each run
// has a seed of its own, one above the last; a run that fails names it.
import { parseArgs } from 'node:util';
import { countsLine, runSpecs } from './run.mjs';

// Without the configuration, which names every spec.
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

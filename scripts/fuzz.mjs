// npm run fuzz -- [--seconds N] [--seed S] [--plain] [codec|broker|rings]…: inputs that nobody has thought of. Each target runs for N
// seconds. An input that fails is printed, is kept in out/fuzz, and can be run again: npm run fuzz -- codec --replay FILE.
import { parseArgs } from 'node:util';
import { fuzzCodec, replayCodec } from './fuzz/codec.mjs';
import { fuzzLive } from './fuzz/live.mjs';

const TARGETS = {
  codec: fuzzCodec,
  broker: (options) => fuzzLive('broker', options),
  rings: (options) => fuzzLive('rings', options),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    batch: { type: 'string' },
    replay: { type: 'string' },
    plain: { type: 'boolean', default: false },
    asan: { type: 'boolean', default: false },
  },
});
const names = positionals.length > 0 ? positionals : Object.keys(TARGETS);
const unknown = names.find((name) => !(name in TARGETS));
if (unknown !== undefined) {
  console.error(`fuzz: there is no target '${unknown}'; there are ${Object.keys(TARGETS).join(', ')}`);
  process.exit(2);
}

if (values.replay !== undefined) {
  process.exitCode = replayCodec(values.replay);
} else {
  const failed = names.filter((name) => {
    console.log(`fuzz: ${name} for ${values.seconds} s, seed ${values.seed}`);
    return TARGETS[name](values) !== 0;
  });
  console.log(failed.length === 0 ? 'fuzz: passed' : `fuzz: FAILED: ${failed.join(', ')}`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}

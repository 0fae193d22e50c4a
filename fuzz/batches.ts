/** Shared by the live targets: runs batches, one after the other, each with its own seed, until the time is up. */
import { Random } from '../spec/support/random.js';
import { parseFuzzArguments } from './arguments.js';

/** Each batch's seed follows from the run's and its number, so that it can be run alone. */
export function randomOf(seed: number, batch: number): Random {
  return new Random(seed ^ Math.imul(batch + 1, 0x9e3779b1));
}

export type Batch = (random: Random, batch: number) => Promise<void>;

/** Runs batches until the time is up or one fails. Prints which failed, and how to repeat it. Resolves to the exit code. */
export async function runBatches(name: string, runBatch: Batch, args = process.argv.slice(2)): Promise<number> {
  const { seconds, seed, batch: only } = parseFuzzArguments(args);
  const end = performance.now() + seconds * 1000;
  let batch = only ?? 0;
  try {
    do await runBatch(randomOf(seed, batch), batch++);
    while (only === undefined && performance.now() < end);
  } catch (error) {
    const again = `${process.env['VMOFFER_FUZZ_AGAIN'] ?? `node out/js/fuzz/${name}.js`} --seed ${seed} --batch ${batch - 1}`;
    console.error(`fuzz: ${name}, batch ${batch - 1} fails:`, error);
    console.error(`fuzz: again: ${again}`);
    return 1;
  }
  console.log(`fuzz: ${name}: ${batch} batches, seed ${seed}`);
  return 0;
}

import { SingleBar } from 'cli-progress';
import type { Samples } from './comparison.js';
import { median } from './statistics.js';

/** Measures once, and returns values by the names of the measurements. */
export type Measurement = () => Promise<Record<string, number>>;

interface RoundOptions {
  /** The label of the progress bar. */
  label?: string;
  /** Whether there is a round before the others that does not count. Default: true. */
  warmUp?: boolean;
}

/**
 * Takes every measurement once a round, in turn, so that a slow moment of the machine slows all of them. The first round is
 * a warm-up and does not count.
 */
export async function measureInRounds(
  measurements: readonly Measurement[],
  rounds: number,
  { label = 'measuring', warmUp = true }: RoundOptions = {},
): Promise<Samples> {
  const samples = new Map<string, number[]>();
  const bar = new SingleBar({ format: `  ${label} {bar} round {value} of {total}`, clearOnComplete: true });
  bar.start(rounds, 0);
  for (let round = warmUp ? 0 : 1; round <= rounds; round++) {
    for (const measure of measurements) collect(samples, await measure(), round > 0);
    bar.update(round);
  }
  bar.stop();
  return samples;
}

/** Leaves out NaN, which stands for a value that could not be measured. */
function collect(samples: Map<string, number[]>, found: Record<string, number>, counts: boolean): void {
  for (const [name, value] of Object.entries(found)) {
    const values = samples.get(name) ?? [];
    if (counts && !Number.isNaN(value)) values.push(value);
    samples.set(name, values);
  }
}

/** Leaves out measurements without values: this machine may have only one core, or no userfaultfd. */
export function measuredOf(samples: Samples): Samples {
  return new Map([...samples].filter(([, values]) => values.length > 0));
}

/** Measures several times in a row and takes the medians, so that one slow wake-up does not decide a short measurement. */
export async function repeated(times: number, measure: Measurement): Promise<Record<string, number>> {
  const all = new Map<string, number[]>();
  for (let time = 0; time < times; time++) collect(all, await measure(), true);
  return Object.fromEntries([...all].map(([name, values]) => [name, median(values)]));
}

/** The milliseconds that `work` takes. */
export function timed(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

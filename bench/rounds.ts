import { SingleBar } from 'cli-progress';
import type { Samples } from './comparison.js';
import { median } from './statistics.js';

/** Measures once; gives values by the names of what was measured. */
export type Measurement = () => Promise<Record<string, number>>;

interface RoundOptions {
  /** Of the bar. */
  label?: string;
  /** Whether there is a round before the others that does not count. Default: true. */
  warmUp?: boolean;
}

/**
 * Takes every measurement once a round, in turn, so that whatever slows the machine down slows them all down. The first
 * round warms up and does not count.
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

/** A value that is none could not be measured. */
function collect(samples: Map<string, number[]>, found: Record<string, number>, counts: boolean): void {
  for (const [name, value] of Object.entries(found)) {
    const values = samples.get(name) ?? [];
    if (counts && !Number.isNaN(value)) values.push(value);
    samples.set(name, values);
  }
}

/** Without what cannot be measured here: one core has no other, and not every process has a userfaultfd. */
export function measuredOf(samples: Samples): Samples {
  return new Map([...samples].filter(([, values]) => values.length > 0));
}

/** Measures several times in a row and takes the medians: what is short must not be decided by one slow wake-up. */
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

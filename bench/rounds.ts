import { SingleBar } from 'cli-progress';
import type { Samples } from './comparison.js';

/** Measures once; gives milliseconds by the names of what was measured. */
export type Measurement = () => Promise<Record<string, number>>;

/**
 * Takes every measurement once a round, in turn, so that whatever slows the machine down slows them all down. The first
 * round warms up and does not count.
 */
export async function measureInRounds(measurements: readonly Measurement[], rounds: number): Promise<Samples> {
  const samples = new Map<string, number[]>();
  const bar = new SingleBar({ format: 'measuring {bar} round {value} of {total}', clearOnComplete: true });
  bar.start(rounds, 0);
  for (let round = 0; round <= rounds; round++) {
    for (const measure of measurements) collect(samples, await measure(), round > 0);
    bar.update(round);
  }
  bar.stop();
  return samples;
}

function collect(samples: Map<string, number[]>, found: Record<string, number>, counts: boolean): void {
  for (const [name, value] of Object.entries(found)) {
    const values = samples.get(name) ?? [];
    if (counts) values.push(value);
    samples.set(name, values);
  }
}

/** The milliseconds that `work` takes. */
export function timed(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

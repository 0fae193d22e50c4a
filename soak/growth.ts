/** Whether a process holds more and more as it does more operations. */
import { linearRegression } from 'simple-statistics';
import { COUNTERS, type Burden, type Counter } from './burden.js';

export interface Sample {
  /** How many operations the process had done by then. */
  operations: number;
  burden: Burden;
}

export interface Growth {
  counter: Counter;
  perMillion: number;
  /** From the first to the last sample, along the line. */
  rise: number;
  isTooMuch: boolean;
}

interface Bound {
  perMillion: number;
  /** A rise up to this is noise: malloc's arenas, V8's young generation (64 mappings at a time). */
  rise: number;
}

const MiB = 2 ** 20;

export const BOUNDS: Record<Counter, Bound> = {
  descriptors: { perMillion: 50, rise: 12 },
  mappings: { perMillion: 200, rise: 250 },
  // Up to four threads close strangers' descriptors, and others wait for a lock that a stranger holds: they come and go.
  threads: { perMillion: 10, rise: 10 },
  resident: { perMillion: 100 * MiB, rise: 96 * MiB },
  external: { perMillion: 20 * MiB, rise: 24 * MiB },
  buffers: { perMillion: 20 * MiB, rise: 24 * MiB },
  heap: { perMillion: 30 * MiB, rise: 32 * MiB },
};

/** Fewer samples give no line. */
const LEAST_SAMPLES = 4;
/** The share of the samples that counts as warm-up. */
const WARM_UP = 0.25;

/** Empty if there are too few samples. */
export function growthOf(samples: readonly Sample[]): Growth[] {
  const warm = samples.slice(Math.ceil(samples.length * WARM_UP));
  const [first, last] = [warm[0], warm.at(-1)];
  if (warm.length < LEAST_SAMPLES || !first || !last || first.operations === last.operations) return [];
  return COUNTERS.map((counter) => {
    const { m: slope } = linearRegression(warm.map(({ operations, burden }) => [operations, burden[counter]]));
    const perMillion = slope * 1e6;
    const rise = slope * (last.operations - first.operations);
    const bound = BOUNDS[counter];
    return { counter, perMillion, rise, isTooMuch: perMillion > bound.perMillion && rise > bound.rise };
  });
}

export function isBytes(counter: Counter): boolean {
  return COUNTERS.indexOf(counter) >= COUNTERS.indexOf('resident');
}

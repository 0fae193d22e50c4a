import type { Comparison, Samples } from './comparison.js';
import type { Effort } from './effort.js';
import type { Plot } from './plot.js';

/** What a bench has found, and how it is to be read. */
export interface Findings {
  /** Measurements in milliseconds. */
  samples: Samples;
  /** Measurements in bytes. */
  sizes?: Samples;
  /** Measurements that are so many a second. */
  rates?: Samples;
  comparisons: readonly Comparison[];
  notes: readonly string[];
  /** Default: a bar for each measurement. */
  plots?: readonly Plot[];
}

export interface Bench {
  name: string;
  what: string;
  run(effort: Effort): Promise<Findings>;
}

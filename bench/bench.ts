import type { Comparison, Samples } from './comparison.js';
import type { Effort } from './effort.js';
import type { Plot } from './plot.js';

/** What a bench has measured, and how to read it. */
export interface Findings {
  /** Measurements in milliseconds. */
  samples: Samples;
  /** Measurements in bytes. */
  sizes?: Samples;
  /** Measurements of a rate, per second. */
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

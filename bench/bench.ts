import type { Comparison, Samples } from './comparison.js';

/** What a bench has found, and how it is to be read. */
export interface Findings {
  samples: Samples;
  /** Measurements in bytes. */
  sizes?: Samples;
  comparisons: readonly Comparison[];
  notes: readonly string[];
}

export interface Bench {
  name: string;
  what: string;
  run(): Promise<Findings>;
}

import { median } from './median.js';

/** Milliseconds, or bytes, by what was measured, one a round. */
export type Samples = ReadonlyMap<string, readonly number[]>;

/** One row of a bench: how two measurements stand to each other, and how they should. */
export interface Comparison {
  what: string;
  /** The measurement that is judged, and the one it is judged by. */
  ours: string;
  peer: string;
  /** `fasterBy`: peer ÷ ours is at least this. `slowerBy`: ours ÷ peer is at most this. Neither: only shown. */
  fasterBy?: number;
  slowerBy?: number;
  /** What the measurements are. Default: milliseconds. */
  unit?: Unit;
}

export type Unit = 'ms' | 'bytes';

export interface Judged extends Comparison {
  oursMedian: number;
  peerMedian: number;
  ratio: number;
  verdict: 'met' | 'MISSED' | '';
}

/** Compares the medians. */
export function judge(comparison: Comparison, samples: Samples): Judged {
  const oursMedian = median(samples.get(comparison.ours) ?? []);
  const peerMedian = median(samples.get(comparison.peer) ?? []);
  const { fasterBy, slowerBy } = comparison;
  const ratio = slowerBy === undefined ? peerMedian / oursMedian : oursMedian / peerMedian;
  return { ...comparison, oursMedian, peerMedian, ratio, verdict: verdictOn(ratio, fasterBy, slowerBy) };
}

function verdictOn(ratio: number, fasterBy?: number, slowerBy?: number): Judged['verdict'] {
  if (slowerBy !== undefined) return ratio <= slowerBy ? 'met' : 'MISSED';
  if (fasterBy !== undefined) return ratio >= fasterBy ? 'met' : 'MISSED';
  return '';
}

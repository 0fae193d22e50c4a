/** Compares measurements with each other and with their targets. */
import { summarize, type Summary } from './statistics.js';
import type { Unit } from './units.js';

/** Values by the name of the measurement, one for each round. */
export type Samples = ReadonlyMap<string, readonly number[]>;

/** One row of the table. */
export interface Comparison {
  what: string;
  /** The measurement that is judged, and the peer that it is compared with. Without a peer it is shown, or held to a figure. */
  ours: string;
  peer?: string;
  /**
   * `fasterBy`: ours is at least this many times as fast as the peer. `slowerBy`: ours takes at most this many times as much.
   * `atMost`, `atLeast`: ours is at most or at least this, in its own unit. None of them: only shown.
   */
  fasterBy?: number;
  slowerBy?: number;
  atMost?: number;
  atLeast?: number;
  /** The unit of the measurements. Default: milliseconds. */
  unit?: Unit;
}

export type Verdict = 'met' | 'MISSED' | '';

export interface Judged extends Comparison {
  oursSummary: Summary;
  peerSummary?: Summary;
  /** The ratio of the medians. Its spread is that of the rounds' ratios, whose measurements were taken close together. */
  ratio?: Summary;
  verdict: Verdict;
}

/** Those whose peer could be measured on this machine. */
export function withMeasuredPeer(comparisons: readonly Comparison[], samples: Samples): Comparison[] {
  return comparisons.filter(({ peer }) => peer === undefined || samples.has(peer));
}

/** Compares the medians. Throws if there is no measurement of that name. */
export function judge(comparison: Comparison, samples: Samples): Judged {
  const ours = samples.get(comparison.ours) ?? [];
  const oursSummary = summarize(ours);
  if (comparison.peer === undefined) {
    return { ...comparison, oursSummary, verdict: verdictOn(comparison, oursSummary.median) };
  }
  const peer = samples.get(comparison.peer) ?? [];
  const ratio = ratioOf(comparison, ours, peer);
  const verdict = verdictOn(comparison, oursSummary.median, ratio.median);
  return { ...comparison, oursSummary, peerSummary: summarize(peer), ratio, verdict };
}

function ratioOf(comparison: Comparison, ours: readonly number[], peer: readonly number[]): Summary {
  const divide = isOursOnTop(comparison) ? (a: number, b: number) => a / b : (a: number, b: number) => b / a;
  const rounds = ours.slice(0, peer.length).map((value, round) => divide(value, peer[round] ?? NaN));
  return { ...summarize(rounds), median: divide(summarize(ours).median, summarize(peer).median) };
}

/** Whether ours is the numerator: a target says how many times as slow, or how many times as fast. */
function isOursOnTop({ slowerBy, unit }: Comparison): boolean {
  return (slowerBy !== undefined) !== (unit === 'rate');
}

function verdictOn({ fasterBy, slowerBy, atMost, atLeast }: Comparison, ours: number, ratio = NaN): Verdict {
  const isMet = [
    fasterBy === undefined ? [] : [ratio >= fasterBy],
    slowerBy === undefined ? [] : [ratio <= slowerBy],
    atMost === undefined ? [] : [ours <= atMost],
    atLeast === undefined ? [] : [ours >= atLeast],
  ].flat();
  if (isMet.length === 0) return '';
  return isMet.every(Boolean) ? 'met' : 'MISSED';
}

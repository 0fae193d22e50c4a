/** How a cost grows with the number of something. */
import type { Comparison, Samples } from '../comparison.js';
import type { Effort } from '../effort.js';
import type { Plot } from '../plot.js';
import { linePlot } from '../plots.js';
import type { Measurement } from '../rounds.js';
import { summarize } from '../statistics.js';

/** Where processes wait for each other, noise alone may reach this. */
const MOST_GROWTH = 1.5;

/** Measures at one count. Resolves to milliseconds, by way. */
type Probe = (count: number) => Promise<Record<string, number>>;

export interface Series extends AsyncDisposable {
  /** What is counted, in the plural. */
  readonly of: string;
  readonly counts: readonly number[];
  readonly ways: readonly string[];
  /** The ways whose cost should not grow. */
  readonly flat: readonly string[];
  readonly probe: Probe;
}

/** Makes a series. The processes that it starts live until the series is disposed of. */
export type SeriesMaker = (effort: Effort) => Promise<Series>;

function nameAt({ of }: Series, way: string, count: number): string {
  return `${way}, ${count} ${of}`;
}

export function measurementsOf(series: Series): Measurement[] {
  return series.counts.map((count): Measurement => async () => {
    const found = await series.probe(count);
    return Object.fromEntries(Object.entries(found).map(([way, ms]) => [nameAt(series, way, count), ms]));
  });
}

/** Compares each way at the largest count with the same way at the smallest. Leaves out ways that could not be measured here. */
export function comparisonsOf(series: Series, samples: Samples): Comparison[] {
  const least = series.counts[0] ?? 1;
  const most = series.counts.at(-1) ?? 1;
  return measuredWays(series, samples).map((way) => ({
    what: `${way}: ${most} ${series.of}, against ${least}`,
    ours: nameAt(series, way, most),
    peer: nameAt(series, way, least),
    ...(series.flat.includes(way) && { slowerBy: MOST_GROWTH }),
  }));
}

function measuredWays(series: Series, samples: Samples): string[] {
  return series.ways.filter((way) =>
    series.counts.every((count) => (samples.get(nameAt(series, way, count)) ?? []).length > 0),
  );
}

export function plotOf(series: Series, samples: Samples): Plot {
  const points = measuredWays(series, samples).flatMap((line) =>
    series.counts.map((x) => ({ line, x, ...summarize(samples.get(nameAt(series, line, x)) ?? []) })),
  );
  const axis = { title: series.of, marks: series.counts.map((count) => [count, String(count)] as const) };
  const name = `growth-${series.of.replaceAll(' ', '-')}`;
  return linePlot(name, `What it costs, with more and more ${series.of}`, axis, points);
}

/** The files that a run writes: for each bench a JSON file with every measured value, and its pictures. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench, Findings } from './bench.js';
import { judge, type Judged, type Samples } from './comparison.js';
import type { Environment } from './environment.js';
import { renderPlot, type Plot } from './plot.js';
import { dotPlot } from './plots.js';
import { summarize, type Summary } from './statistics.js';
import { NEVER, type Unit } from './units.js';

/** Increases when a field changes its meaning. */
const SCHEMA = 1;

export interface Measured extends Summary {
  name: string;
  unit: Unit;
  /** One for each round, in order. */
  values: readonly number[];
}

export interface Results {
  schema: typeof SCHEMA;
  bench: string;
  what: string;
  /** When it ended; ISO 8601. */
  takenAt: string;
  /** True if next to nothing was measured, so that the figures mean nothing. */
  isQuick: boolean;
  environment: Environment;
  measurements: readonly Measured[];
  comparisons: readonly Judged[];
  notes: readonly string[];
  /** Files beside this one. */
  plots: readonly string[];
}

export interface RunDetails {
  takenAt: Date;
  isQuick: boolean;
  environment: Environment;
}

export function resultsOf(bench: Bench, findings: Findings, details: RunDetails): Results {
  return {
    schema: SCHEMA,
    bench: bench.name,
    what: bench.what,
    takenAt: details.takenAt.toISOString(),
    isQuick: details.isQuick,
    environment: details.environment,
    measurements: samplesByUnit(findings).flatMap(([unit, samples]) => measuredOf(unit, samples)),
    comparisons: judgeAll(findings),
    notes: findings.notes,
    plots: plotsOf(bench, findings).map(fileNameOf),
  };
}

function samplesByUnit({ samples, sizes, rates }: Findings): [Unit, Samples][] {
  return [
    ['ms', samples],
    ['bytes', sizes ?? new Map()],
    ['rate', rates ?? new Map()],
  ];
}

function measuredOf(unit: Unit, samples: Samples): Measured[] {
  return [...samples].map(([name, values]) => ({ name, unit, ...summarize(values), values }));
}

function judgeAll(findings: Findings): Judged[] {
  const byUnit = new Map(samplesByUnit(findings));
  return findings.comparisons.map((comparison) => judge(comparison, byUnit.get(comparison.unit ?? 'ms') ?? new Map()));
}

/** The bench's own pictures, or a dot for each measurement. Sizes are shown in tables only. */
function plotsOf(bench: Bench, findings: Findings): readonly Plot[] {
  if (findings.plots) return findings.plots;
  return samplesByUnit(findings)
    .filter(([unit, samples]) => unit !== 'bytes' && samples.size > 0)
    .map(([unit, samples]) =>
      dotPlot(unit === 'ms' ? bench.name : `${bench.name}-${unit}`, `${bench.name}: ${bench.what}`, samples, unit),
    );
}

function fileNameOf({ name }: Plot): string {
  return `${name}.svg`;
}

/** Writes the pictures and the results. */
export async function writeResults(
  folder: string,
  bench: Bench,
  findings: Findings,
  details: RunDetails,
): Promise<Results> {
  mkdirSync(folder, { recursive: true });
  for (const plot of plotsOf(bench, findings)) {
    writeFileSync(join(folder, fileNameOf(plot)), await renderPlot(plot, details.environment));
  }
  const results = resultsOf(bench, findings, details);
  writeFileSync(
    pathOf(folder, bench.name),
    `${JSON.stringify(results, (_, value: unknown) => (value === Infinity ? NEVER : value), 2)}\n`,
  );
  return results;
}

/** Undefined if the folder has no results of that bench. Throws if another version of this program wrote them. */
export function readResults(folder: string, name: string): Results | undefined {
  const path = pathOf(folder, name);
  if (!existsSync(path)) return undefined;
  const results = JSON.parse(readFileSync(path, 'utf8'), (_, value: unknown) =>
    value === NEVER ? Infinity : value,
  ) as Partial<Results>;
  if (results.schema !== SCHEMA) throw new Error(`${path} is not of schema ${SCHEMA}: measure again`);
  return results as Results;
}

function pathOf(folder: string, name: string): string {
  return join(folder, `${name}.json`);
}

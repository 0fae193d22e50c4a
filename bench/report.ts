/** Renders results as text: a table for a terminal, and the same for a page. */
import Table from 'cli-table3';
import { markdownTable } from 'markdown-table';
import type { Judged } from './comparison.js';
import { describeEnvironment } from './environment.js';
import type { Measured, Results } from './results.js';
import type { Summary } from './statistics.js';
import { formatRatioSpread, formatSpread, formatValue, type Unit } from './units.js';

const HEAD = ['what', 'ours', 'peer', 'ratio', 'target', ''];
const WHAT_WIDTH = 50;
const QUICK_WARNING = 'A quick run: these figures mean nothing.';
const PLAIN = { head: [], border: [] };

/** One table for all results. A cell has the median and the spread, from the least to the most. */
export function renderTable(all: readonly Results[]): string {
  const table = new Table({
    head: HEAD,
    colAligns: ['left', 'right', 'right', 'right', 'right', 'left'],
    style: { ...PLAIN, compact: true },
    wordWrap: true,
    colWidths: [WHAT_WIDTH, null, null, null, null, null],
  });
  for (const { comparisons } of all) for (const row of comparisons) table.push(cellsOf(row));
  return [...(all.some(({ isQuick }) => isQuick) ? [QUICK_WARNING] : []), table.toString()].join('\n');
}

/** The same as Markdown. */
export function renderMarkdown(all: readonly Results[]): string {
  const rows = all.flatMap(({ comparisons }) => comparisons.map(cellsOf));
  return markdownTable([HEAD, ...rows], { align: ['l', 'r', 'r', 'r', 'r', 'l'] });
}

/** The same, with the place and the time of the measurement. */
export function renderPage(all: readonly Results[]): string {
  const places = new Set(all.map(({ environment }) => describeEnvironment(environment)));
  const times = all.map(({ bench, takenAt }) => `${bench} ${takenAt}`);
  return [
    '# Results',
    ...places,
    `Medians, and the spread from the least to the most. Taken: ${times.join(', ')}.`,
    renderMarkdown(all),
    '',
  ].join('\n\n');
}

function cellsOf(row: Judged): string[] {
  const { what, unit, oursSummary, peerSummary, ratio, verdict } = row;
  return [
    what,
    spreadOf(oursSummary, unit),
    peerSummary ? spreadOf(peerSummary, unit) : '',
    ratio ? formatRatioSpread(ratio.least, ratio.median, ratio.most, unit) : '',
    targetOf(row),
    verdict,
  ];
}

function spreadOf({ least, median, most }: Summary, unit: Unit | undefined): string {
  return formatSpread(least, median, most, unit);
}

function targetOf({ fasterBy, slowerBy, atMost, atLeast, unit }: Judged): string {
  return [
    fasterBy === undefined ? [] : [`≥ ${fasterBy} ×`],
    slowerBy === undefined ? [] : [`≤ ${slowerBy} ×`],
    atMost === undefined ? [] : [`≤ ${formatValue(atMost, unit)}`],
    atLeast === undefined ? [] : [`≥ ${formatValue(atLeast, unit)}`],
  ]
    .flat()
    .join(', ');
}

/** Every measurement with its spread, from which the ratios are computed. */
export function renderMeasurements(measurements: readonly Measured[]): string {
  const table = new Table({
    head: ['measurement', 'least', 'median', 'most'],
    colAligns: ['left', 'right', 'right', 'right'],
    style: { ...PLAIN, compact: true },
  });
  for (const { name, unit, least, median, most } of measurements) {
    table.push([name, ...[least, median, most].map((value) => formatValue(value, unit))]);
  }
  return table.toString();
}

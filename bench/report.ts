import Table from 'cli-table3';
import type { Judged, Samples, Unit } from './comparison.js';
import { median } from './median.js';

export function renderComparisons(rows: readonly Judged[]): string {
  const table = new Table({
    head: ['what', 'measured', 'beside', 'ratio', 'target', ''],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [] },
    wordWrap: true,
    colWidths: [44, null, null, null, null, null],
  });
  for (const row of rows) table.push(cellsOf(row));
  return table.toString();
}

function cellsOf(row: Judged): string[] {
  const format = formatterOf(row.unit);
  return [
    row.what,
    format(row.oursMedian),
    format(row.peerMedian),
    formatRatio(row.ratio, row.unit),
    targetOf(row),
    row.verdict,
  ];
}

function targetOf({ fasterBy, slowerBy }: Judged): string {
  if (slowerBy !== undefined) return `≤ ${slowerBy} ×`;
  return fasterBy === undefined ? '' : `≥ ${fasterBy} ×`;
}

/** Every measurement with its spread: what the ratios are made of. */
export function renderSamples(samples: Samples, unit: Unit = 'ms'): string {
  const table = new Table({
    head: ['measurement', 'least', 'median', 'most'],
    colAligns: ['left', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  for (const [name, values] of samples) {
    table.push([name, ...[Math.min(...values), median(values), Math.max(...values)].map(formatterOf(unit))]);
  }
  return table.toString();
}

function formatterOf(unit: Unit = 'ms'): (value: number) => string {
  return unit === 'ms' ? formatMs : formatBytes;
}

function formatBytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

export function formatMs(ms: number): string {
  if (ms < 1) return `${(ms * 1000).toFixed(ms < 0.01 ? 2 : 0)} µs`;
  return `${ms.toFixed(ms < 10 ? 2 : 0)} ms`;
}

/** A target for memory lies in the second decimal. */
function formatRatio(ratio: number, unit: Unit = 'ms'): string {
  const decimals = unit === 'bytes' ? 4 : 2;
  return `${ratio.toFixed(ratio < 10 ? decimals : 0)} ×`;
}

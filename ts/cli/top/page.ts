import { formatBytes } from '../../units.js';
import { bytesOf, type ActiveClaim, type Activity } from './activity.js';
import { COLUMNS, formatCount, inMib, type Column } from './columns.js';
import { strip } from './strip.js';

export interface PageFormat {
  /** In characters. No line is longer. */
  width: number;
  /** In lines. With Infinity all claims are shown. */
  height: number;
  pageSize: number;
}

const GAP = 2;
const MIN_STRIP = 8;
const MAX_STRIP = 64;

/** Lines of plain text: a summary, the heading of the table, and as many claims as fit. */
export function renderPage(activity: Activity, { width, height, pageSize }: PageFormat): string[] {
  const summary = [...summarize(activity), ''];
  const shown = claimsThatFit(activity.claims, height - summary.length - 1);
  const table = renderClaims(shown, width, pageSize);
  const hidden = activity.claims.length - shown.length;
  const more = hidden > 0 ? [`… and ${plural(hidden, 'more claim')}`] : [];
  return [...summary, ...table, ...more].map((line) => line.slice(0, width)).slice(0, height);
}

function summarize({ claims, totals, processes: { told, refused, silent } }: Activity): string[] {
  const holders = new Set(claims.map(({ pid }) => pid)).size;
  const byteLength = claims.reduce((sum, claim) => sum + claim.byteLength, 0);
  const others = [
    ...(refused > 0 ? [`${plural(refused, 'process')} of other users not shown`] : []),
    ...(silent > 0 ? [`${plural(silent, 'process')} did not answer`] : []),
  ];
  return [
    [
      `${plural(claims.length, 'claim')} of ${holders} of ${plural(told, 'process')}, ${formatBytes(byteLength)}`,
      ...others,
    ].join('; '),
    `${inMib(bytesOf(totals))} MiB/s: fault ${inMib(totals.bytesByFault)}, read-ahead ${inMib(totals.bytesByReadAhead)}, prefetch ${inMib(totals.bytesByPrefetch)}; ${formatCount(totals.faults)} faults/s`,
  ];
}

/** If they do not all fit, one line is kept for the count of the others. */
function claimsThatFit(claims: ActiveClaim[], lines: number): ActiveClaim[] {
  return claims.length <= lines ? claims : claims.slice(0, Math.max(0, lines - 1));
}

function renderClaims(claims: ActiveClaim[], width: number, pageSize: number): string[] {
  const rendered = columnsThatFit(
    COLUMNS.map((column) => renderColumn(column, claims, pageSize)),
    width - MIN_STRIP - GAP,
  );
  const left = width - rendered.reduce((sum, column) => sum + column.width + GAP, 0);
  const strips = claims.map(({ cells }) => strip(cells, Math.min(MAX_STRIP, Math.max(MIN_STRIP, left))));
  const rows = ['', ...strips].map((tail, row) => [...rendered.map(({ cells }) => cells[row] ?? ''), tail]);
  return rows.map((row) => row.join(' '.repeat(GAP)).trimEnd());
}

interface RenderedColumn {
  rank: number;
  width: number;
  /** The title, then a cell for each claim, all of the same width. */
  cells: string[];
}

function renderColumn({ title, align, rank, cell }: Column, claims: ActiveClaim[], pageSize: number): RenderedColumn {
  const cells = [title, ...claims.map((claim) => cell(claim, pageSize))];
  const width = Math.max(...cells.map(({ length }) => length));
  return { rank, width, cells: cells.map((text) => (align === 'left' ? text.padEnd(width) : text.padStart(width))) };
}

/** Columns of one rank are shown together or not at all. */
function columnsThatFit(columns: RenderedColumn[], width: number): RenderedColumn[] {
  const upTo = (rank: number) => columns.filter((column) => column.rank <= rank);
  const needed = (rank: number) => upTo(rank).reduce((sum, column) => sum + column.width + GAP, 0) - GAP;
  const ranks = [...new Set(columns.map(({ rank }) => rank))].sort((a, b) => b - a);
  return upTo(ranks.find((rank) => needed(rank) <= width) ?? 0);
}

function plural(count: number, noun: string): string {
  if (count === 1) return `1 ${noun}`;
  return `${count} ${noun}${noun.endsWith('s') ? 'es' : 's'}`;
}

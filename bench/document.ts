/** Keeps results in docs/bench, and writes their tables into docs/performance.md. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeEnvironment } from './environment.js';
import { renderMarkdown } from './report.js';
import type { Results } from './results.js';

export const PAGE = join('docs', 'performance.md');
export const KEPT_RESULTS = join('docs', 'bench');

const TABLE = /(<!-- table: (\S+) -->\n)[^]*?(<!-- end -->)/g;

/**
 * Returns the page with the table of each bench, and where it was measured, between `<!-- table: NAME -->` and `<!-- end -->`.
 * The table of a bench without results stays as it is.
 */
export function withTables(page: string, all: readonly Results[]): string {
  return page.replace(TABLE, (whole: string, start: string, name: string, end: string) => {
    const results = all.find(({ bench }) => bench === name);
    return results ? `${start}\n${tableOf(results)}\n\n${end}` : whole;
  });
}

function tableOf(results: Results): string {
  const { environment, takenAt } = results;
  return `${renderMarkdown([results])}\n\n${describeEnvironment(environment)}; ${takenAt.slice(0, 10)}`;
}

/** Keeps the results in `folder` for which the page has a place: copies them, and writes their tables into the page. */
export function keep(folder: string, all: readonly Results[]): void {
  const page = readFileSync(PAGE, 'utf8');
  const kept = all.filter(({ bench }) => page.includes(`<!-- table: ${bench} -->`));
  mkdirSync(KEPT_RESULTS, { recursive: true });
  const files = kept.flatMap(({ bench, plots }) => [`${bench}.json`, ...plots]);
  for (const file of files) cpSync(join(folder, file), join(KEPT_RESULTS, file));
  writeFileSync(PAGE, withTables(page, kept));
}

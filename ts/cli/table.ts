/** Columns are as wide as their widest cell and two spaces apart. A line follows the heading. */
export function renderTable(heading: string[], rows: string[][]): string {
  const widths = heading.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const rule = widths.map((width) => '-'.repeat(width));
  return [heading, rule, ...rows].map((row) => `${renderRow(row, widths)}\n`).join('');
}

function renderRow(row: string[], widths: number[]): string {
  return widths
    .map((width, column) => (row[column] ?? '').padEnd(width))
    .join('  ')
    .trimEnd();
}

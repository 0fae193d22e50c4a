// Turns the rows that the guests report into counts and a table.

/** @param {{ passed: number, failed: number, skipped: number }[]} rows */
export function countsOf(rows) {
  const sum = (of) => rows.reduce((total, row) => total + row[of], 0);
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') };
}

export function describeRow({ check, user, passed, failed, skipped }) {
  return `= ${check} as ${user}: ${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** @param {{ name: string, rows: any[], seconds: number, log: string }} result */
export function printTable({ name, rows, seconds, log }) {
  const cells = rows.map(({ check, user, passed, failed, skipped, remark = '' }) => {
    return [check, user, String(passed), String(failed), String(skipped), remark];
  });
  const all = [['check', 'as', 'passed', 'failed', 'skipped', ''], ...cells];
  const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)));
  console.log(`\n${name}, ${seconds} s; what it printed: ${log}`);
  for (const row of all)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    );
}

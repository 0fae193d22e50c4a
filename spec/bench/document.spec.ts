import { expect } from 'chai';
import { benches } from '../../bench/benches.js';
import { KEPT_RESULTS, PAGE, withTables } from '../../bench/document.js';
import { readResults, resultsOf } from '../../bench/results.js';
import { readProjectFile } from '../support/project.js';
import { bench, details, findings } from './support/findings.js';

const TEXT =
  'before\n<!-- table: race -->\nold\n<!-- end -->\nbetween\n<!-- table: other -->\nkept\n<!-- end -->\nafter\n';

describe("a page with the bench's tables", () => {
  const results = resultsOf(bench, findings, details);

  it('gets the table of each bench that has results, and keeps everything else', () => {
    const page = withTables(TEXT, [results]);
    expect(page).to.match(/^before\n<!-- table: race -->\n\n\| what /);
    expect(page).to.contain('| a race ').and.to.contain('A processor <of ours>').and.to.contain('; 2026-01-02\n');
    expect(page).not.to.contain('old');
    expect(page).to.match(/<!-- end -->\nbetween\n<!-- table: other -->\nkept\n<!-- end -->\nafter\n$/);
  });

  it('does not change when it is written again', () => {
    const page = withTables(TEXT, [results]);
    expect(withTables(page, [results])).to.equal(page);
  });

  it('docs/performance.md, has the tables and the pictures of the results that are kept in docs/bench', () => {
    const page = readProjectFile(PAGE);
    const kept = benches.flatMap(({ name }) => readResults(KEPT_RESULTS, name) ?? []);
    expect(withTables(page, kept)).to.equal(page);
    for (const plot of kept.flatMap(({ plots }) => plots)) expect(page).to.contain(`(bench/${plot})`);
    expect(kept.filter(({ isQuick }) => isQuick)).to.deep.equal([]);
  });
});

import { expect } from 'chai';
import { renderMeasurements, renderPage, renderTable } from '../../bench/report.js';
import { resultsOf } from '../../bench/results.js';
import { bench, details, findings } from './support/findings.js';

const results = resultsOf(bench, findings, details);

function cellsOf(line: string): string[] {
  return line
    .split(/[│|]/)
    .slice(1, -1)
    .map((cell) => cell.trim());
}

const ROWS = [
  ['what', 'ours', 'peer', 'ratio', 'target', ''],
  ['a race', '2 ms (1–3)', '20 ms (10–30)', '10 ×', '≥ 9 ×', 'met'],
  ['a lost race', '20 ms (10–30)', '2 ms (1–3)', '0.1 ×', '≥ 9 ×', 'MISSED'],
  ['the most memory', '4 KiB (4–8)', '', '', '≤ 4 KiB', 'met'],
];

describe("a bench's table", () => {
  it('has a row for each comparison of every bench', () => {
    const lines = renderTable([results, results])
      .split('\n')
      .filter((line) => line.startsWith('│'));
    expect(lines.map(cellsOf)).to.deep.equal([...ROWS, ...ROWS.slice(1)]);
  });

  it('warns of a quick run', () => {
    expect(renderTable([results])).not.to.contain('mean nothing');
    expect(renderTable([results, { ...results, isQuick: true }])).to.contain('mean nothing');
  });

  it('is the same as Markdown, with the machine and the time', () => {
    const page = renderPage([results]);
    const [head, , ...rows] = page
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .map(cellsOf);
    expect([head, ...rows]).to.deep.equal(ROWS);
    expect(page).to.contain('A processor <of ours>, 2 cores (virtual), 16 GiB · Linux 6.18.0');
    expect(page).to.contain('race 2026-01-02T03:04:05.000Z');
  });

  it('shows what the ratios are made of', () => {
    const lines = renderMeasurements(results.measurements)
      .split('\n')
      .filter((line) => line.startsWith('│'));
    expect(lines.slice(1).map(cellsOf)).to.deep.equal([
      ['ours', '1 ms', '2 ms', '3 ms'],
      ['theirs', '10 ms', '20 ms', '30 ms'],
      ['peak', '4 KiB', '4 KiB', '8 KiB'],
      ['messages', '4 M/s', '5 M/s', '6 M/s'],
    ]);
  });
});

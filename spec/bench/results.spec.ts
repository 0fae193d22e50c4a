import { expect } from 'chai';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readResults, resultsOf, writeResults } from '../../bench/results.js';
import { bench, details, environment, findings } from './support/findings.js';

describe("a bench's results", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vmoffer-bench-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('have every value that was measured, with its unit and its summary', () => {
    const { measurements } = resultsOf(bench, findings, details);
    expect(measurements).to.deep.equal([
      { name: 'ours', unit: 'ms', median: 2, least: 1, most: 3, count: 3, values: [1, 3, 2] },
      { name: 'theirs', unit: 'ms', median: 20, least: 10, most: 30, count: 3, values: [10, 30, 20] },
      { name: 'peak', unit: 'bytes', median: 4096, least: 4096, most: 8192, count: 3, values: [4096, 4096, 8192] },
      { name: 'messages', unit: 'rate', median: 5e6, least: 4e6, most: 6e6, count: 3, values: [5e6, 4e6, 6e6] },
    ]);
  });

  it('have each comparison judged', () => {
    const { comparisons } = resultsOf(bench, findings, details);
    expect(comparisons.map(({ verdict }) => verdict)).to.deep.equal(['met', 'MISSED', 'met']);
  });

  it('say where and when they were taken', () => {
    const { takenAt, environment: place, bench: name, what } = resultsOf(bench, findings, details);
    expect({ takenAt, place, name, what }).to.deep.equal({
      takenAt: '2026-01-02T03:04:05.000Z',
      place: environment,
      name: 'race',
      what: 'who is first',
    });
  });

  it('are read as they were written', async () => {
    const written = await writeResults(folder, bench, findings, details);
    expect(readResults(folder, 'race')).to.deep.equal(written);
    expect(readResults(folder, 'another')).to.equal(undefined);
  });

  it('keep a crossing that never happens, for which JSON has no number', async () => {
    const never = { ...findings, sizes: new Map([['peak', [4096, Infinity, Infinity]]]) };
    const written = await writeResults(folder, bench, never, details);
    expect(readResults(folder, 'race')).to.deep.equal(written);
  });

  it('come with a picture of times and one of rates, unless the bench has pictures of its own', async () => {
    const { plots } = await writeResults(folder, bench, findings, details);
    expect(plots).to.deep.equal(['race.svg', 'race-rate.svg']);
    expect(readdirSync(folder)).to.include.members(plots as string[]);
    const own = { ...findings, plots: [{ name: 'own', title: 'Own', spec: { mark: 'point', data: { values: [] } } }] };
    expect((await writeResults(folder, bench, own, details)).plots).to.deep.equal(['own.svg']);
  });

  it('are refused if they have another schema', async () => {
    await writeResults(folder, bench, findings, details);
    const path = join(folder, 'race.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"schema": 1', '"schema": 0'));
    expect(() => readResults(folder, 'race')).to.throw('measure again');
  });
});

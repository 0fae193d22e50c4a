import { expect } from 'chai';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benches } from '../../bench/benches.js';
import { readResults } from '../../bench/results.js';
import { runProgram } from '../support/program.js';

const BENCH = 'node out/js/bench/main.js';
const OWN = ['claim', 'fault', 'pages', 'delivery', 'crossover', 'sparse'];

describe('npm run bench', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'vmoffer-bench-'));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  for (const name of OWN) {
    it(`${name}: measures, prints the table, and leaves results and pictures`, async () => {
      const { code, output, errors } = await runProgram(`${BENCH} ${name} --quick --results ${folder}`);
      expect(code, errors).to.equal(0);
      const { comparisons = [], plots = [], isQuick } = readResults(folder, name) ?? {};
      expect(isQuick).to.be.true;
      expect(comparisons.length).to.be.greaterThan(0);
      expect(output).to.contain('A quick run: these figures mean nothing.');
      for (const plot of plots) expect(readFileSync(join(folder, plot), 'utf8')).to.match(/^<svg /);
      expect(readFileSync(join(folder, 'table.md'), 'utf8')).to.contain(comparisons[0]?.what);
    });
  }

  it('shows stored results, and measures nothing', async () => {
    const { code, output } = await runProgram(`${BENCH} claim --show --results ${folder}`);
    expect(code).to.equal(0);
    expect(output).to.contain(readResults(folder, 'claim')?.comparisons[0]?.what.slice(0, 40));
    expect((await runProgram(`${BENCH} --show --results ${folder}/nothing`)).code).to.equal(0);
    expect(existsSync(join(folder, 'nothing'))).to.be.false;
  });

  it('says what there is when it is asked, or asked for something else', async () => {
    const help = await runProgram(`${BENCH} --help`);
    expect(help.code).to.equal(0);
    for (const { name, what } of benches) expect(help.output).to.match(new RegExp(`^  ${name} +${what}$`, 'm'));
    const mistake = await runProgram(`${BENCH} nothing`);
    expect(mistake.code).to.equal(2);
    expect(mistake.errors).to.contain("there is no bench 'nothing'").and.to.contain('Usage:');
  });
});

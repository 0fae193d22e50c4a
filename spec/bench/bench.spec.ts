import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { benches } from '../../bench/benches.js';
import { readResults } from '../../bench/results.js';
import { requireNatsServer } from '../cluster/support/nats-server.js';
import { runProgram } from '../support/program.js';
import { projectRoot } from '../support/project.js';
import { needs, requires } from '../support/requires.js';
import { runs, withoutSystemCalls } from '../support/wrappers.js';

const BENCH = 'node out/js/bench/main.js';
/** `channel` starts 38 processes, one after the other: 20 s on a slow machine that does other things besides. */
const PATIENCE_MS = 120_000;

describe('npm run bench', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'vmoffer-bench-'));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  for (const { name } of benches) {
    it(`${name}: measures, prints the table, and leaves results and pictures`, async function () {
      this.timeout(PATIENCE_MS);
      if (name === 'cluster') {
        requires(this, needs.fullUserfault);
        requireNatsServer(this);
      }
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

  it('leaves out measurements that need userfaultfd if that is refused', async function () {
    const wrapper = withoutSystemCalls('userfaultfd:EPERM');
    requires(this, runs(wrapper));
    const [program = '', ...words] = [
      ...wrapper,
      ...`${BENCH} fault pages handoff --quick --results ${folder}`.split(' '),
    ];
    await promisify(execFile)(program, words, { cwd: projectRoot });
    const measured = ['fault', 'pages', 'handoff'].flatMap((name) => readResults(folder, name)?.measurements ?? []);
    const names = measured.map(({ name }) => name);
    expect(names).to.include.members(['kernel p50', 'first read, ours', 'peak, map']);
    for (const name of ['scheduler p50', 'bare COPY']) expect(names).not.to.include(name);
  });

  it('shows stored results, and measures nothing', async () => {
    const { code, output } = await runProgram(`${BENCH} claim --show --results ${folder}`);
    expect(code).to.equal(0);
    expect(output).to.contain(readResults(folder, 'claim')?.comparisons[0]?.what.slice(0, 40));
    expect((await runProgram(`${BENCH} --show --results ${folder}/nothing`)).code).to.equal(0);
    expect(existsSync(join(folder, 'nothing'))).to.be.false;
  });

  it('lists the benches if it is asked to, or if it does not know the name', async () => {
    const help = await runProgram(`${BENCH} --help`);
    expect(help.code).to.equal(0);
    for (const { name, what } of benches) expect(help.output).to.match(new RegExp(`^  ${name} +${what}$`, 'm'));
    const mistake = await runProgram(`${BENCH} nothing`);
    expect(mistake.code).to.equal(2);
    expect(mistake.errors).to.contain("there is no bench 'nothing'").and.to.contain('Usage:');
  });
});

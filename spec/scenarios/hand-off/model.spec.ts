import { expect } from 'chai';
import { OwnershipProcesses, OwnershipRun } from '../../support/ownership-run.js';
import { runSeed } from '../../support/random.js';
import { needs, requires } from '../../support/requires.js';

// `npm run test:model` sets them.
const RUNS = Number(process.env['VMOFFER_RUNS'] ?? 10);
const STEPS = Number(process.env['VMOFFER_STEPS'] ?? 200);
const MS_A_STEP = 500;

describe('three processes that offer, claim, cancel, write, touch, release, stop, stall and die at random', () => {
  const processes = new OwnershipProcesses();
  before(async function () {
    requires(this, needs.probe);
    await processes.start();
  });
  after(() => processes[Symbol.asyncDispose]());

  async function expectAgreement(seed: number): Promise<void> {
    const run = new OwnershipRun(seed, processes);
    let step = 0;
    try {
      for (; step < STEPS; step++) await run.step();
      await run.end();
      await processes.expectEmpty();
    } catch (error) {
      await processes.restartAll();
      expect.fail(`step ${step}, VMOFFER_SEED=${seed}: ${String(error)}\n  ${run.history}`);
    }
  }

  for (let run = 0; run < RUNS; run++) {
    const seed = runSeed + run;
    it(`agree with a model of who owns what, in ${STEPS} steps of up to three things at once (VMOFFER_SEED=${seed})`, async function () {
      this.timeout(MS_A_STEP * STEPS);
      await expectAgreement(seed);
    });
  }
});

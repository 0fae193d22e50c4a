import { expect } from 'chai';
import { OwnershipRun } from '../../support/ownership-run.js';
import { runSeed } from '../../support/random.js';

const STEPS = 2000;
const STEPS_A_CHECK = 50;

describe('three processes that offer, claim, cancel, write, release and die at random', () => {
  it(`agree with a model of who owns what, in ${STEPS} steps of up to three things at once (VMOFFER_SEED=${runSeed})`, async function () {
    this.timeout(240_000);
    await using run = new OwnershipRun(runSeed);
    await run.start();
    for (let step = 0; step < STEPS; step++) {
      try {
        await run.step();
        if (step % STEPS_A_CHECK === 0) await run.expectAllStamps();
      } catch (error) {
        expect.fail(`step ${step}, VMOFFER_SEED=${runSeed}: ${String(error)}\n  ${run.history}`);
      }
    }
    await run.expectAllStamps();
  });
});

import { expect } from 'chai';
import { Random, runSeed } from '../support/random.js';
import { Agents } from './support/agents.js';
import { OwnersRun } from './support/owners-run.js';
import { useScene } from './support/scene.js';

const RUNS = Number(process.env['VMOFFER_RUNS'] ?? 2);
const STEPS = Number(process.env['VMOFFER_STEPS'] ?? 60);
const MS_A_STEP = 2000;

describe('four programs on two hosts that offer, claim, cancel, write, share, release and die at random', function () {
  const scene = useScene();

  for (let at = 0; at < RUNS; at++) {
    const seed = runSeed + at;
    it(`hand off memory that one of them has, whole, in ${STEPS} steps (VMOFFER_SEED=${seed})`, async function () {
      this.timeout(MS_A_STEP * STEPS);
      await using agents = new Agents();
      const run = new OwnersRun(new Random(seed), scene.stage, agents);
      let step = 0;
      try {
        await run.start();
        for (; step < STEPS; step++) await run.step();
      } catch (error) {
        expect.fail(`step ${step}, VMOFFER_SEED=${seed}: ${String(error)}\n  ${run.history.join('\n  ')}`);
      }
      expect(run.handOffs).to.be.greaterThan(STEPS / 20);
    });
  }
});

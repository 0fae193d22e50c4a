import { expect } from 'chai';
import { probe, type Plan } from '../support/probe.js';
import { Random, runSeed } from '../support/random.js';
import { needs, requires } from '../support/requires.js';

const BLOCK = 16;
const LARGEST = 512;
const MANY = 1_000_000;

function plans(pageCount: number, pages: readonly number[]): Plan[] {
  return probe().faultWindowPlans(pageCount, pages);
}

/** What is touched when a thread reads on: the page behind each window. */
function readOn(from: number, times: number, pageCount = MANY): Plan[] {
  const touched = [from];
  for (let count = 1; count < times; count++) {
    const last = plans(pageCount, touched).at(-1);
    touched.push((last?.first ?? 0) + (last?.count ?? 0));
  }
  return plans(pageCount, touched);
}

describe('FaultWindow', () => {
  before(function () {
    requires(this, needs.probe);
  });

  it('plans the aligned block around a first touch, as no stream', () => {
    for (const page of [32, 33, 47]) {
      expect(plans(MANY, [page])).to.deep.equal([{ first: 32, count: BLOCK, isSequential: false }]);
    }
  });

  it('stays inside the range', () => {
    expect(plans(1, [0])).to.deep.equal([{ first: 0, count: 1, isSequential: false }]);
    expect(plans(20, [19])).to.deep.equal([{ first: 16, count: 4, isSequential: false }]);
    expect(plans(20, [3, 16])[1]).to.deep.equal({ first: 16, count: 4, isSequential: true });
  });

  it('doubles the windows of a stream up to the largest, without a gap', () => {
    const windows = readOn(0, 9);
    expect(windows.map(({ count }) => count)).to.deep.equal([16, 32, 64, 128, 256, 512, 512, 512, 512]);
    expect(windows.map(({ isSequential }) => isSequential)).to.deep.equal([false, ...Array<boolean>(8).fill(true)]);
    let end = 0;
    for (const { first, count } of windows) {
      expect(first).to.equal(end);
      end = first + count;
    }
  });

  it('takes a touch that skips less than a block for the same stream, and a wider one for another', () => {
    const [, near] = plans(MANY, [0, BLOCK + BLOCK - 1]);
    expect(near).to.deep.equal({ first: BLOCK, count: 2 * BLOCK, isSequential: true });
    const [, far] = plans(MANY, [0, BLOCK + BLOCK]);
    expect(far).to.deep.equal({ first: 2 * BLOCK, count: BLOCK, isSequential: false });
  });

  it('follows a stream downwards to the first page', () => {
    const windows = plans(MANY, [1000, 991, 959, 895, 767, 511, 0]);
    expect(windows.map(({ first, count }) => [first, first + count])).to.deep.equal([
      [992, 1008],
      [960, 992],
      [896, 960],
      [768, 896],
      [512, 768],
      [0, 512],
      [0, 16],
    ]);
  });

  it('follows four streams at once, and forgets the one that was used least recently', () => {
    const starts = [0, 10_000, 20_000, 30_000];
    const seconds = starts.map((start) => start + BLOCK);
    const both = plans(MANY, [...starts, ...seconds]);
    expect(both.slice(4).map(({ isSequential }) => isSequential)).to.deep.equal([true, true, true, true]);

    const [, , , , , forgotten] = plans(MANY, [...starts, 40_000, BLOCK]);
    expect(forgotten?.isSequential).to.be.false;
    const [, , , , , , kept] = plans(MANY, [...starts, BLOCK, 40_000, 3 * BLOCK]);
    expect(kept?.isSequential).to.be.true;
  });

  it('keeps to single blocks while touches are far apart', () => {
    const pages = Array.from({ length: 1000 }, (_, index) => ((index * 7919) % 20_000) * 50);
    for (const plan of plans(MANY, pages)) expect(plan.count).to.equal(BLOCK);
  });

  it(`contains the page and lies inside the range, whatever comes (seed ${runSeed})`, () => {
    const random = new Random(runSeed);
    for (let round = 0; round < 200; round++) {
      const pageCount = 1 + random.below(random.pick([3, 40, 2000, MANY]));
      const pages = Array.from({ length: 200 }, () => random.below(random.pick([pageCount, Math.min(pageCount, 64)])));
      plans(pageCount, pages).forEach(({ first, count }, index) => {
        const page = pages[index] ?? -1;
        const isRight = first <= page && page < first + count && first >= 0 && first + count <= pageCount;
        if (!isRight || count > LARGEST) expect.fail(`page ${page} of ${pageCount}: ${first} + ${count}`);
      });
    }
  });
});

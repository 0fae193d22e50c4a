import { expect } from 'chai';
import { probe } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';

const MAX_CELLS = 64;
const PAGES_PER_LOOK = 64;
const TIB_PAGES = 2 ** 28;

describe('the cells of a claim', () => {
  before(function () {
    requires(this, needs.probe);
  });

  for (const [pageCount, limit, lengths] of [
    [1, 64, [1]],
    [3, 64, [1, 1, 1]],
    [4, 2, [2, 2]],
    [5, 2, [3, 2]],
    [11, 4, [3, 3, 3, 2]],
    [7, 1, [7]],
  ] as const) {
    it(`are of ${lengths.join(', ')} pages, of ${pageCount} pages and ${limit} cells at most`, () => {
      const cells = probe().cellsOf(pageCount, limit);
      expect(cells.map(({ cell }) => cell.count)).to.deep.equal(lengths);
    });
  }

  for (const pageCount of [1, 63, 64, 65, 4095, 4096, 4097, 262_144, TIB_PAGES + 1]) {
    it(`hold every page of ${pageCount} once, in order, and no more than 64 pages of each are looked at`, () => {
      let next = 0;
      for (const { cell, looked } of probe().cellsOf(pageCount, MAX_CELLS)) {
        expect(cell.first).to.equal(next);
        expect(looked.count).to.equal(Math.min(cell.count, PAGES_PER_LOOK));
        expect(looked.first).to.be.within(cell.first, cell.first + cell.count - looked.count);
        next += cell.count;
      }
      expect(next).to.equal(pageCount);
    });
  }

  it('are looked at in the middle', () => {
    const [{ looked } = { looked: undefined }] = probe().cellsOf(164, 1);
    expect(looked).to.deep.equal({ first: 50, count: 64 });
  });

  it('are looked at completely up to 4096 pages', () => {
    for (const { cell, looked } of probe().cellsOf(4096, MAX_CELLS)) expect(looked).to.deep.equal(cell);
  });

  for (const [resident, lookedAt, share] of [
    [0, 64, 0],
    [64, 64, 255],
    [1, 1, 255],
    [1, 64, 4],
    [32, 64, 127],
    [63, 64, 250],
  ] as const) {
    it(`have a share of ${share} when ${resident} of ${lookedAt} pages are resident`, () => {
      expect(probe().shareOf(resident, lookedAt)).to.equal(share);
    });
  }

  it('are never shown empty or full when they are neither', () => {
    for (let resident = 1; resident < PAGES_PER_LOOK; resident++) {
      expect(probe().shareOf(resident, PAGES_PER_LOOK)).to.be.within(1, 254);
    }
  });

  it('estimate the rest of a cell by the share of its sampled pages', () => {
    expect(probe().estimate(0, 5, 3)).to.equal(3);
    expect(probe().estimate(0, 6400, 16)).to.equal(1600);
    expect(probe().estimate(0, TIB_PAGES, 64)).to.equal(TIB_PAGES);
    expect(probe().estimate(0, TIB_PAGES, 0)).to.equal(0);
  });

  for (const [claimCount, cells] of [
    [0, 64],
    [1, 64],
    [128, 64],
    [256, 32],
    [1000, 8],
    [8192, 1],
    [10_000, 1],
    [1_000_000, 1],
  ] as const) {
    it(`are at most ${cells} for each of ${claimCount} claims`, () => {
      expect(probe().cellsEach(claimCount)).to.equal(cells);
    });
  }
});

import { expect } from 'chai';
import { probe, type PageSet, type PageSpan } from '../support/probe.js';
import { Random, runSeed } from '../support/random.js';
import { needs, requires } from '../support/requires.js';

/** How many pages share one chunk of the set. Errors are likeliest at the borders of chunks. */
const CHUNK = 512 * 64;

function setOf(pageCount: number, ...spans: [first: number, count: number][]): PageSet {
  const set = new (probe().PageSet)(pageCount);
  for (const [first, count] of spans) set.add(first, count);
  return set;
}

function pagesIn(set: PageSet, first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, index) => first + index).filter((page) => set.contains(page));
}

/** The first run of pages that are in the model, or are not, found the slow way. */
function stretchOf(isIn: boolean, model: ReadonlySet<number>, end: number, first: number): PageSpan {
  let begin = first;
  while (begin < end && model.has(begin) !== isIn) begin++;
  let stop = begin;
  while (stop < end && model.has(stop) === isIn) stop++;
  return { first: begin, count: Math.max(stop - begin, 0) };
}

describe('PageSet', () => {
  before(function () {
    requires(this, needs.probe);
  });

  it('is empty at first, and has one gap', () => {
    const set = setOf(100);
    expect(pagesIn(set, 0, 100)).to.deep.equal([]);
    expect(set.containsAny(0, 100)).to.be.false;
    expect(set.firstGap(0, 100)).to.deep.equal({ first: 0, count: 100 });
  });

  it('holds the pages that were added and no neighbours', () => {
    for (const first of [0, 1, 62, 63, 64, CHUNK - 1, CHUNK, 2 * CHUNK - 3]) {
      for (const count of [1, 2, 63, 64, 65, 200]) {
        const set = setOf(4 * CHUNK, [first, count]);
        expect([first - 1, first, first + count - 1, first + count].map((page) => set.contains(page))).to.deep.equal([
          false,
          true,
          true,
          false,
        ]);
      }
    }
  });

  it('forgets removed pages, across the borders of its chunks', () => {
    const set = setOf(3 * CHUNK, [0, 3 * CHUNK]);
    set.remove(CHUNK - 10, 20);
    expect(set.firstGap(0, 3 * CHUNK)).to.deep.equal({ first: CHUNK - 10, count: 20 });
  });

  it('takes no page beyond its last', () => {
    const set = setOf(10, [5, 100], [50, 1]);
    expect(pagesIn(set, 0, 200)).to.deep.equal([5, 6, 7, 8, 9]);
    expect(set.firstGap(5, 100)).to.include({ count: 0 });
  });

  it('finds no gap where there is none', () => {
    const set = setOf(64, [0, 64]);
    expect(set.firstGap(3, 10)).to.include({ count: 0 });
    expect(set.firstGap(3, 0)).to.include({ count: 0 });
  });

  it('does not change when pages are removed that were never there', () => {
    const set = setOf(5 * CHUNK, [7, 1]);
    set.remove(8, 4 * CHUNK);
    expect(pagesIn(set, 0, 100)).to.deep.equal([7]);
  });

  it('costs nothing to make, however many pages it is for', () => {
    const before = process.memoryUsage.rss();
    const sets = Array.from({ length: 1000 }, () => setOf(2 ** 40, [2 ** 39, 1]));
    expect(process.memoryUsage.rss() - before).to.be.lessThan(64 * 2 ** 20);
    expect(sets.every((set) => set.contains(2 ** 39))).to.be.true;
  });

  it(`agrees with a plain set of numbers (seed ${runSeed})`, () => {
    const random = new Random(runSeed);
    const pageCount = CHUNK + 300;
    const model = new Set<number>();
    const set = setOf(pageCount);
    for (let round = 0; round < 2000; round++) {
      const first = random.pick([0, CHUNK - 150]) + random.below(400);
      const count = random.below(random.pick([2, 70, 300]));
      const isAdding = random.next() < 0.5;
      if (isAdding) set.add(first, count);
      else set.remove(first, count);
      for (let page = first; page < Math.min(first + count, pageCount); page++) {
        if (isAdding) model.add(page);
        else model.delete(page);
      }
      const [from, length] = [random.pick([0, CHUNK - 150]) + random.below(300), 1 + random.below(400)];
      const isAnyThere = [...model].some((page) => page >= from && page < from + length);
      expect(set.containsAny(from, length), `round ${round}`).to.equal(isAnyThere);
      const end = Math.min(from + length, pageCount);
      expect(set.firstGap(from, length), `round ${round}`).to.deep.equal(stretchOf(false, model, end, from));
      expect(set.firstRun(from, length), `round ${round}`).to.deep.equal(stretchOf(true, model, end, from));
    }
    expect(pagesIn(set, 0, pageCount)).to.deep.equal([...model].sort((a, b) => a - b));
  });
});

import { expect } from 'chai';
import { PAGE } from '../support/pages.js';
import { probe, type FaultWindow, type PageSpan, type WindowPlan } from '../support/probe.js';
import { Random, runSeed } from '../support/random.js';
import { needs, requires } from '../support/requires.js';

const FIRST = 4;
const BLOCK = 16;
const NEAR = 16;
const LARGEST = 512;
const MOST_STOPS = 64;
const MANY = 1_000_000;

function windowOf(pageCount = MANY): FaultWindow {
  return new (probe().FaultWindow)(pageCount, PAGE);
}

/** The plan for a fault on each page, one after the other; nothing is ever installed. */
function plans(pages: readonly number[], pageCount = MANY): WindowPlan[] {
  const window = windowOf(pageCount);
  return pages.map((page) => window.plan(page * PAGE));
}

function lone(first: number, count = FIRST): WindowPlan {
  return { ranges: [{ first, count }], isSequential: false };
}

function run(first: number, count: number, isSequential = true): WindowPlan {
  return { ranges: [{ first, count }], isSequential };
}

/** Replays a trace of touches, given as byte offsets. */
class Replay {
  readonly faults: WindowPlan[] = [];
  readonly #installed = new Set<number>();
  readonly #touched = new Set<number>();

  constructor(touches: Iterable<number>, pageCount = MANY) {
    const window = windowOf(pageCount);
    for (const offset of touches) {
      this.#touched.add(Math.floor(offset / PAGE));
      if (!this.#installed.has(Math.floor(offset / PAGE))) this.#install(window, window.plan(offset));
    }
  }

  get wasted(): number {
    return this.#installed.size - this.#touched.size;
  }

  get touched(): number {
    return this.#touched.size;
  }

  #install(window: FaultWindow, plan: WindowPlan): void {
    this.faults.push(plan);
    for (const { first, count } of plan.ranges) {
      window.install(first, count);
      for (let page = first; page < first + count; page++) this.#installed.add(page);
    }
  }
}

function* steps(from: number, bytes: number, times: number): Generator<number> {
  for (let step = 0; step < times; step++) yield from + step * bytes;
}

function* inTurn(...traces: Iterable<number>[]): Generator<number> {
  const iterators = traces.map((trace) => trace[Symbol.iterator]());
  for (let left = iterators; left.length > 0;) {
    const results = left.map((iterator) => ({ iterator, result: iterator.next() }));
    for (const { result } of results) if (!result.done) yield result.value;
    left = results.filter(({ result }) => !result.done).map(({ iterator }) => iterator);
  }
}

describe('FaultWindow', () => {
  before(function () {
    requires(this, needs.probe);
  });

  describe('for a touch far from all others', () => {
    it('plans a few pages from the touched one on, and no stream', () => {
      for (const page of [32, 33, 47]) expect(plans([page])).to.deep.equal([lone(page)]);
    });

    it('keeps doing so while touches are far apart', () => {
      const pages = Array.from({ length: 1000 }, (_, index) => ((index * index * 7919) % 20_011) * 50);
      for (const plan of plans(pages)) expect(plan.ranges[0]?.count).to.be.at.most(FIRST);
    });

    it('plans the aligned block if a neighbour is installed already', () => {
      for (const [there, page] of [
        [BLOCK, BLOCK + 15],
        [2 * BLOCK - 1, BLOCK],
      ] as const) {
        const window = windowOf();
        window.install(there, 1);
        expect(window.plan(page * PAGE)).to.deep.equal(lone(BLOCK, BLOCK));
      }
      const window = windowOf();
      window.install(BLOCK - 1, 1);
      window.install(2 * BLOCK, 1);
      expect(window.plan((BLOCK + 3) * PAGE), 'neighbours of the block are none of the page').to.deep.equal(
        lone(BLOCK + 3),
      );
    });

    it('plans the same for a page that the kernel has taken back, however often', () => {
      const window = windowOf();
      for (let times = 0; times < 5; times++) {
        expect(window.plan(100 * PAGE).isSequential).to.be.false;
        window.install(100, FIRST);
      }
    });
  });

  describe('for a run', () => {
    const PAGES_UPWARDS = [100, 104, 120, 184, 440, 952, 1464];

    it('plans four times as much each time, up to the largest window, without a gap', () => {
      const sizes = [4, 16, 64, 256, 512, 512, 512];
      expect(plans(PAGES_UPWARDS)).to.deep.equal(
        PAGES_UPWARDS.map((page, index) => (index === 0 ? lone(page) : run(page, sizes[index] ?? 0))),
      );
    });

    it('does the same downwards, as far as the first page', () => {
      expect(plans([1000, 999, 983, 919, 663, 151, 0])).to.deep.equal([
        lone(1000),
        run(984, 16),
        run(920, 64),
        run(664, 256),
        run(152, 512),
        run(0, 152),
        lone(0),
      ]);
    });

    it('continues if a touch skips fewer pages than a fault is worth, and installs the skipped pages that exist', () => {
      expect(plans([0, FIRST + NEAR - 1])[1]).to.deep.equal(run(FIRST, 16, false));
      expect(plans([0, FIRST + NEAR])[1]).to.deep.equal(lone(FIRST + NEAR));
      expect(plans([100, 100 - NEAR])[1]).to.deep.equal(run(84, 16, false));
      expect(plans([100, 100 - NEAR - 1])[1]).to.deep.equal(lone(100 - NEAR - 1));
    });

    it('follows four at once, and forgets the one that was used least recently', () => {
      const starts = [0, 10_000, 25_000, 30_000];
      const begun = starts.flatMap((start) => [start, start + FIRST]);
      const next = (start: number) => start + FIRST + 16;
      const going = plans([...begun, ...starts.map(next)]).slice(begun.length);
      expect(going).to.deep.equal(starts.map((start) => run(next(start), 64)));
      const fifth = [41_000, 41_000 + FIRST];
      expect(plans([...begun, ...fifth, next(0)]).at(-1)).to.deep.equal(lone(next(0)));
      expect(plans([...begun, ...fifth, next(10_000)]).at(-1)).to.deep.equal(run(next(10_000), 64));
    });

    it('expects the whole window to be needed only while the touches leave nothing out', () => {
      expect(plans([0, 4, 22, 86]).map(({ isSequential }) => isSequential)).to.deep.equal([false, true, false, false]);
      expect(plans([0, 6, 20, 84, 340]).map(({ isSequential }) => isSequential)).to.deep.equal(
        [false, false, false, true, true],
        'after a gap of two pages',
      );
    });

    it('does not take a touch that follows a window by chance for one of a run without gaps', () => {
      const { faults } = new Replay(steps(0, 10 * PAGE, 10_000));
      expect(faults.filter(({ isSequential }) => isSequential)).to.be.empty;
    });

    for (const distance of [1, 3, 5, 10, 15]) {
      it(`tells how far apart touches are that are ${distance} pages apart`, () => {
        const window = windowOf();
        const told: number[] = [];
        let end = 0;
        for (let page = 0; page < 50_000; page += distance) {
          if (page < end) continue;
          const { ranges } = window.plan(page * PAGE);
          end = (ranges[0]?.first ?? 0) + (ranges[0]?.count ?? 0);
          if (window.kind === 'sequential') told.push(window.pagesPerTouch);
        }
        const mean = told.reduce((sum, pages) => sum + pages, 0) / told.length;
        expect(mean).to.be.within(distance * 0.7, distance * 1.3);
      });
    }

    it('is not disturbed by lone touches', () => {
      const nowhere = Array.from({ length: 100 }, (_, index) => 50_000 + index * index * 100);
      expect(plans([0, FIRST, ...nowhere, FIRST + 16]).at(-1)).to.deep.equal(run(FIRST + 16, 64));
    });
  });

  describe('for a stride', () => {
    const places = (from: number, pages: number, stops: number): PageSpan[] =>
      [...steps(from, pages, stops)].map((first) => ({ first, count: 1 }));

    it('plans the next stops and nothing in between, twice as many each time', () => {
      const [, second, third, fourth, fifth] = plans([0, 100, 200, 600, 1400]);
      expect(second).to.deep.equal(lone(100));
      expect(third).to.deep.equal({ ranges: places(200, 100, 4), isSequential: true });
      expect(fourth).to.deep.equal({ ranges: places(600, 100, 8), isSequential: true });
      expect(fifth).to.deep.equal({ ranges: places(1400, 100, 16), isSequential: true });
    });

    it('limits the number of stops', () => {
      const { faults } = new Replay(steps(0, 50 * PAGE, 2000));
      expect(Math.max(...faults.map(({ ranges }) => ranges.length))).to.equal(MOST_STOPS);
    });

    it('goes downwards as well, and ends with the range', () => {
      expect(plans([1000, 900, 800])[2]?.ranges).to.deep.equal(places(800, -100, 4));
      expect(plans([300, 200, 100])[2]?.ranges).to.deep.equal(places(100, -100, 2));
      expect(plans([0, 40, 80], 130)[2]?.ranges).to.deep.equal(places(80, 40, 2));
    });

    it('may be any number of bytes, not only whole pages', () => {
      const bytes = 100_001;
      const { faults, wasted } = new Replay(steps(17, bytes, 1000));
      expect(faults.length).to.be.at.most(25);
      expect(wasted).to.be.at.most(2 * FIRST + MOST_STOPS);
    });

    it('is found among other touches, and beside other strides', () => {
      expect(plans([0, 77_777, 100, 5_000, 200])[4]?.ranges).to.deep.equal(places(200, 100, 4));
      const two = new Replay(inTurn(steps(0, 30 * PAGE, 500), steps(400_000 * PAGE, 70 * PAGE, 500)));
      expect(two.faults.length).to.be.at.most(30);
    });

    it('of few pages is a run', () => {
      const { faults } = new Replay(steps(0, NEAR * PAGE, 200));
      expect(faults.slice(1).every(({ ranges }) => ranges.length === 1)).to.be.true;
    });
  });

  describe('of larger pages', () => {
    const KIB = 1024;

    /** All plans for a reader that goes from page to page through 64 MiB, and the pages that they installed. */
    function readThrough(pageBytes: number): { lengths: number[]; isWhole: boolean } {
      const pageCount = (64 * KIB * KIB) / pageBytes;
      const window = new (probe().FaultWindow)(pageCount, pageBytes);
      const lengths: number[] = [];
      let next = 0;
      while (next < pageCount) {
        const [{ first, count } = { first: -1, count: 0 }] = window.plan(next * pageBytes).ranges;
        if (first !== next || count === 0) return { lengths, isWhole: false };
        window.install(first, count);
        lengths.push((count * pageBytes) / KIB);
        next += count;
      }
      return { lengths, isWhole: true };
    }

    for (const [kib, beginning] of [
      [4, [16, 64, 256, 1024, 2048, 2048]],
      [16, [16, 64, 256, 1024, 2048, 2048]],
      [64, [64, 256, 1024, 2048, 2048, 2048]],
    ] as const) {
      it(`plans windows of 2 MiB at most for a run of pages of ${kib} KiB`, () => {
        const { lengths, isWhole } = readThrough(kib * KIB);
        expect(isWhole).to.be.true;
        expect(lengths.slice(0, beginning.length)).to.deep.equal(beginning);
        expect(Math.max(...lengths)).to.equal(2 * KIB);
      });

      it(`plans 256 KiB at most for a stride of pages of ${kib} KiB`, () => {
        const pageBytes = kib * KIB;
        const pageCount = MANY;
        const window = new (probe().FaultWindow)(pageCount, pageBytes);
        const sizes: number[] = [];
        let next = 0;
        while (next < pageCount) {
          const { ranges } = window.plan(next * pageBytes);
          for (const { first, count } of ranges) window.install(first, count);
          sizes.push((ranges.reduce((sum, { count }) => sum + count, 0) * pageBytes) / KIB);
          next += 100;
          while (ranges.some(({ first, count }) => next >= first && next < first + count)) next += 100;
        }
        expect(Math.max(...sizes)).to.equal(256);
      });
    }

    it('counts huge pages as small ones: each is one entry', () => {
      const window = new (probe().FaultWindow)(MANY, 2 * KIB * KIB);
      expect(window.plan(0).ranges).to.deep.equal([{ first: 0, count: FIRST }]);
      expect(window.plan(FIRST * 2 * KIB * KIB).ranges).to.deep.equal([{ first: FIRST, count: 4 * FIRST }]);
    });
  });

  describe('over a trace', () => {
    it('answers a sequential reader of a gigabyte with some five hundred windows', () => {
      const { faults, wasted } = new Replay(steps(0, PAGE, 2 ** 18), 2 ** 18);
      expect(faults.length).to.equal(4 + Math.ceil((2 ** 18 - 340) / LARGEST));
      expect(wasted).to.equal(0);
    });

    it('wastes no more than three pages for each touch at random', () => {
      const random = new Random(runSeed);
      const { faults, wasted } = new Replay(Array.from({ length: 1000 }, () => random.below(MANY) * PAGE));
      expect(faults.length).to.be.at.least(900);
      expect(wasted, `seed ${runSeed}`).to.be.at.most(3300);
    });

    it('answers touches of everything at random with an eighth of the faults', () => {
      const random = new Random(runSeed);
      const pages = Array.from({ length: 8192 }, (_, page) => ({ page, order: random.next() }));
      const touches = pages.sort((a, b) => a.order - b.order).map(({ page }) => page * PAGE);
      expect(new Replay(touches, 8192).faults.length, `seed ${runSeed}`).to.be.at.most(8192 / 8);
    });

    it('follows two readers that take turns as if each were alone', () => {
      const alone = new Replay(steps(0, PAGE, 5000)).faults.length;
      const both = new Replay(inTurn(steps(0, PAGE, 5000), steps(900_000 * PAGE, -PAGE, 5000)));
      expect(both.faults.length).to.be.at.most(2 * alone);
    });
  });

  it(`contains the page and lies inside the range, whatever comes (seed ${runSeed})`, () => {
    const random = new Random(runSeed);
    for (let round = 0; round < 200; round++) {
      const pageCount = 1 + random.below(random.pick([3, 40, 2000, MANY]));
      const window = windowOf(pageCount);
      for (let turn = 0; turn < 200; turn++) {
        const offset = random.below(random.pick([pageCount, Math.min(pageCount, 64)]) * PAGE);
        checkPlan(window.plan(offset), Math.floor(offset / PAGE), pageCount);
      }
    }
  });
});

function checkPlan({ ranges }: WindowPlan, page: number, pageCount: number): void {
  const [part = { first: 0, count: 0 }] = ranges;
  if (page < part.first || page >= part.first + part.count) expect.fail(`page ${page} is not in its window`);
  for (const { first, count } of ranges) {
    const isRight = first >= 0 && count > 0 && count <= LARGEST && first + count <= pageCount;
    if (!isRight) expect.fail(`page ${page} of ${pageCount}: ${first} + ${count}`);
  }
}

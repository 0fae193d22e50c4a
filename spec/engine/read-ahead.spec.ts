import { expect } from 'chai';
import { PAGE } from '../support/pages.js';
import { probe, type PageSpan, type ReadAhead } from '../support/probe.js';
import { Random, runSeed } from '../support/random.js';
import { needs, requires } from '../support/requires.js';

const WINDOW = 256;
const FIRST_ORDER = 512;
const LARGEST_ORDER = 4096;
const LEAST_STINT = 64;
const CHUNK = 64;
const MANY = 2 ** 18;

function begun(pageCount = MANY, first = 0): ReadAhead {
  const ahead = new (probe().ReadAhead)(pageCount, PAGE);
  expect(ahead.begin(first, WINDOW, first)).to.be.true;
  return ahead;
}

/** The helper takes everything that has been ordered. */
function takeAll(ahead: ReadAhead, chunk = CHUNK): PageSpan[] {
  const taken: PageSpan[] = [];
  for (let next = ahead.take(chunk); next; next = ahead.take(chunk)) taken.push(next);
  return taken;
}

function pagesOf(spans: readonly PageSpan[]): number[] {
  return spans.flatMap(({ first, count }) => Array.from({ length: count }, (_, index) => first + index));
}

/** A reader that goes from page to page, while the helper takes `pagesPerRead` pages for each page it reads. */
class Race {
  readonly installed = new Set<number>();
  readonly ahead: ReadAhead;
  faults = 0;
  twice = 0;
  byHelper = 0;
  #allowance = 0;

  constructor(
    readonly pageCount: number,
    readonly pagesPerRead: number,
    readonly isUpwards = true,
  ) {
    this.ahead = new (probe().ReadAhead)(pageCount, PAGE);
    const first = isUpwards ? 0 : pageCount - WINDOW;
    expect(this.ahead.begin(first, WINDOW, isUpwards ? 0 : pageCount - 1)).to.be.true;
    this.#install({ first, count: WINDOW });
  }

  read(steps = this.pageCount): this {
    for (let step = 0; step < steps; step++) {
      const page = this.isUpwards ? step : this.pageCount - 1 - step;
      this.#help();
      if (!this.installed.has(page)) this.#fault(page);
    }
    return this;
  }

  #fault(page: number): void {
    this.faults++;
    const window = this.ahead.onFault(page);
    if (window === null) expect.fail(`page ${page} is nobody's`);
    this.#install(window);
    if (!this.installed.has(page)) this.#install({ first: page, count: 1 });
  }

  #help(): void {
    for (this.#allowance += this.pagesPerRead; this.#allowance >= CHUNK; this.#allowance -= CHUNK) {
      const taken = this.ahead.take(CHUNK);
      if (!taken) return void (this.#allowance = 0);
      this.byHelper += taken.count;
      this.#install(taken);
    }
  }

  #install({ first, count }: PageSpan): void {
    for (let page = first; page < first + count; page++) {
      if (page < 0 || page >= this.pageCount) expect.fail(`page ${page} is outside`);
      if (this.installed.has(page)) this.twice++;
      this.installed.add(page);
    }
  }
}

describe('ReadAhead', () => {
  before(function () {
    requires(this, needs.probe);
  });

  it('begins only with a long window, and not near the end of the range', () => {
    for (const [first, count, pageCount, isBegun] of [
      [0, WINDOW, MANY, true],
      [0, WINDOW - 1, MANY, false],
      [100, WINDOW, 100 + 2 * WINDOW, true],
      [100, WINDOW, 100 + 2 * WINDOW - 1, false],
    ] as const) {
      const ahead = new (probe().ReadAhead)(pageCount, PAGE);
      expect(ahead.begin(first, count, first)).to.equal(isBegun);
      expect(ahead.hasOrders).to.equal(isBegun);
    }
  });

  it('orders the pages after the window, and leaves the first of them out', () => {
    const ahead = begun();
    expect(pagesOf(takeAll(ahead))).to.deep.equal(pagesOf([{ first: WINDOW + 1, count: FIRST_ORDER - 1 }]));
    expect(ahead.hasOrders).to.be.false;
  });

  it('orders twice as much each time the reader reaches the page that was left out', () => {
    const ahead = begun();
    const lengths: number[] = [];
    for (let wire = WINDOW, turn = 0; turn < 6; turn++) {
      const length = takeAll(ahead).reduce((sum, { count }) => sum + count, 0) + 1;
      lengths.push(length);
      expect(ahead.onFault(wire)).to.include({ count: 0 });
      wire += length;
    }
    expect(lengths).to.deep.equal([512, 1024, 2048, LARGEST_ORDER, LARGEST_ORDER, LARGEST_ORDER]);
  });

  for (const kib of [16, 64]) {
    it(`orders as many bytes of pages of ${kib} KiB, 16 MiB at most`, () => {
      const ratio = kib / 4;
      const ahead = new (probe().ReadAhead)(MANY, kib * 1024);
      const window = WINDOW / ratio;
      expect(ahead.begin(0, window - 1, 0), 'a short window').to.be.false;
      expect(ahead.begin(0, window, 0)).to.be.true;
      const lengths: number[] = [];
      for (let wire = window, turn = 0; turn < 5; turn++) {
        const length = takeAll(ahead).reduce((sum, { count }) => sum + count, 0) + 1;
        lengths.push(length * ratio);
        expect(ahead.onFault(wire)).to.include({ count: 0 });
        wire += length;
      }
      expect(lengths).to.deep.equal([FIRST_ORDER, 1024, 2048, LARGEST_ORDER, LARGEST_ORDER]);
    });

    it(`gives a reader of pages of ${kib} KiB that is faster an equally large stint`, () => {
      const ahead = new (probe().ReadAhead)(MANY, kib * 1024);
      const window = (WINDOW * 4) / kib;
      ahead.begin(0, window, 0);
      expect(ahead.take(1)).to.deep.equal({ first: window + 1, count: 1 });
      const stint = (LEAST_STINT * 4) / kib;
      expect(ahead.onFault(window + 2)).to.deep.equal({ first: window + 2, count: stint });
    });
  }

  it('does nothing more for a reader that has stopped', () => {
    const ahead = begun();
    takeAll(ahead);
    ahead.onFault(WINDOW);
    takeAll(ahead);
    expect(ahead.take(CHUNK)).to.equal(null);
    expect(ahead.hasOrders).to.be.false;
  });

  it('gives the pager a stint if the reader is faster, and continues after it', () => {
    const ahead = begun();
    const first = ahead.take(CHUNK);
    expect(first).to.deep.equal({ first: WINDOW + 1, count: CHUNK });
    const caughtUp = WINDOW + 1 + CHUNK;
    expect(ahead.onFault(caughtUp)).to.deep.equal({ first: caughtUp, count: LEAST_STINT });
    expect(ahead.onFault(caughtUp + LEAST_STINT)).to.deep.equal({
      first: caughtUp + LEAST_STINT,
      count: 2 * LEAST_STINT,
    });
    expect(ahead.take(CHUNK)?.first).to.equal(caughtUp + 3 * LEAST_STINT);
  });

  it('gives the pager everything if the helper never comes', () => {
    const race = new Race(MANY, 0).read();
    expect(race.byHelper).to.equal(0);
    expect(race.twice).to.equal(0);
    expect(race.faults).to.be.at.most(MANY / 512 + 8);
  });

  for (const isUpwards of [true, false]) {
    const way = isUpwards ? 'upwards' : 'downwards';

    it(`lets a reader go ${way} through a gigabyte with some dozens of faults, when the helper is faster`, () => {
      const race = new Race(MANY, 3, isUpwards).read();
      expect(race.faults).to.be.at.most(MANY / LARGEST_ORDER + 8);
      expect(race.twice).to.equal(0);
      expect(race.ahead.hits).to.equal(race.byHelper);
      expect(race.ahead.waste).to.equal(0);
    });

    for (const pagesPerRead of [0.2, 0.6, 0.9, 1.1]) {
      it(`shares the work ${way} with a helper of ${pagesPerRead} times the reader's speed`, () => {
        const race = new Race(MANY, pagesPerRead, isUpwards).read();
        expect(race.installed.size).to.equal(MANY);
        expect(race.twice).to.equal(0);
        expect(race.byHelper / MANY).to.be.at.least(Math.min(0.9, pagesPerRead) * 0.6);
        expect(race.faults).to.be.at.most(MANY / 256);
        expect(race.ahead.hits).to.equal(race.byHelper);
      });
    }
  }

  it('counts neither as a hit nor as waste what was brought while the helper was at it', () => {
    for (const isUpwards of [true, false]) {
      const ahead = new (probe().ReadAhead)(MANY, PAGE);
      const at = (step: number) => (isUpwards ? step : MANY - 1 - step);
      expect(ahead.begin(isUpwards ? 0 : MANY - WINDOW, WINDOW, at(0))).to.be.true;
      ahead.onFault(at(WINDOW));
      ahead.take(CHUNK);
      // The helper gets no turn: the reader runs into each page of its chunk.
      for (let step = WINDOW + 1; step <= WINDOW + CHUNK; step++) {
        ahead.onFault(at(step));
        ahead.broughtOtherwise(at(step));
      }
      ahead.onFault(at(WINDOW + CHUNK + 1));
      expect(ahead.hits, isUpwards ? 'upwards' : 'downwards').to.equal(0);
    }
  });

  it('counts pages that the reader never reached as waste, two orders at most', () => {
    const race = new Race(MANY, 100).read(10_000);
    const { ahead, byHelper } = race;
    expect(ahead.hits).to.be.at.most(10_000);
    for (let other = 0; other < 4; other++) ahead.begin(100_000 + other * 10_000, WINDOW, 100_000 + other * 10_000);
    expect(ahead.hits + ahead.waste).to.equal(byHelper);
    expect(ahead.waste).to.be.within(1, 2 * LARGEST_ORDER);
  });

  it("does not take a touch far ahead for its reader's", () => {
    const ahead = begun();
    expect(ahead.onFault(50_000)).to.equal(null);
    expect(ahead.onFault(WINDOW + FIRST_ORDER - 1)).to.equal(null);
    expect(ahead.onFault(WINDOW)).not.to.equal(null);
  });

  it('follows four readers, and drops the one that came least recently', () => {
    const ahead = begun();
    const starts = [0, 20_000, 40_000, 60_000];
    for (const start of starts.slice(1)) ahead.begin(start, WINDOW, start);
    for (const start of starts) expect(ahead.onFault(start + WINDOW), `${start}`).not.to.equal(null);
    ahead.begin(80_000, WINDOW, 80_000);
    expect(ahead.onFault(WINDOW + 2 * LEAST_STINT)).to.equal(null);
  });

  it('stops following a reader if pages cannot be installed', () => {
    const ahead = begun();
    const taken = ahead.take(CHUNK) ?? expect.fail('nothing is ordered');
    ahead.giveUp(taken.first, taken.count);
    expect(ahead.hasOrders).to.be.false;
    expect(ahead.waste).to.equal(CHUNK);
    expect(ahead.onFault(WINDOW)).to.equal(null);
  });

  it('orders no more at once than it may', () => {
    const ahead = new (probe().ReadAhead)(100_000, PAGE);
    ahead.setMost(64);
    ahead.begin(0, WINDOW, 0);
    expect(ahead.take(CHUNK)).to.deep.equal({ first: WINDOW + 1, count: 63 });
    expect(ahead.onFault(WINDOW)).not.to.equal(null);
    let end = 0;
    for (let taken = ahead.take(CHUNK); taken; taken = ahead.take(CHUNK)) end = taken.first + taken.count;
    expect(end).to.equal(WINDOW + 2 * 64);
  });

  it(`stays inside the range and takes nothing twice, whatever comes (seed ${runSeed})`, () => {
    const random = new Random(runSeed);
    for (let round = 0; round < 100; round++) {
      const race = new Race(2 * WINDOW + random.below(20_000), random.next() * 3, random.next() < 0.5).read();
      expect(race.twice).to.equal(0);
      expect(race.ahead.hits).to.equal(race.byHelper);
    }
  });
});

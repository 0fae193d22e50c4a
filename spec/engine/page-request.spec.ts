import { expect } from 'chai';
import { constants } from 'node:os';
import { until } from '../support/barriers.js';
import { PAGE } from '../support/pages.js';
import { parked, probe, touchOnThread, writtenUntilItFails, type LaterRange } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';
import { presentCount } from '../support/residency.js';
import { isAsleep } from '../support/threads.js';

const PAGES = 4096;
const UNIT = 4;
const MARK = 0x5a;
const HOUR_MS = 3_600_000;

describe('a page on its way', () => {
  let range: LaterRange;

  before(function () {
    requires(this, needs.probe, needs.userfault);
  });

  beforeEach(() => {
    range = new (probe().LaterRange)(PAGES, UNIT);
  });

  afterEach(() => {
    range.close();
  });

  const addressOf = (page: number) => range.address + BigInt(page * PAGE);
  const touch = (page: number) => touchOnThread(addressOf(page));
  const residentPages = () => presentCount(range.address, PAGES * PAGE);
  const states = () => range.requests.map(({ state }) => state);
  const asked = (count: number) => until(`${count} requests have been made`, () => range.requests.length === count);
  const faulted = (count: number) => until(`${count} faults have been seen`, () => range.counts.faults === count);

  /** Touches the pages one after the other, and waits until each has been asked for. */
  async function touchAndAsk(pages: readonly number[]): Promise<Promise<number>[]> {
    const touched: Promise<number>[] = [];
    for (const page of pages) {
      touched.push(touch(page));
      await asked(touched.length);
    }
    return touched;
  }

  function prefetch(first: number, count: number): Promise<void> {
    return new Promise((resolve) => {
      range.prefetch(first, count, resolve);
    });
  }

  it('holds up the thread that touches it, and no other', async () => {
    let value: number | undefined;
    const touched = touch(9).then((byte) => (value = byte));
    await asked(1);
    expect(range.requests).to.deep.equal([{ first: 9, count: 7, state: 'pending' }]);
    await faulted(1);
    expect(range.counts).to.include({ faults: 1, pagesByFault: 0, latencies: 0 });
    expect(value).to.equal(undefined);
    range.done(0, 7, MARK);
    expect(await touched).to.equal(MARK);
    expect(range.counts).to.include({ faults: 1, pagesByFault: 7, latencies: 1 });
  });

  it('does not hold up the answer to a fault on another page', async () => {
    const [first] = await touchAndAsk([0]);
    const [, second] = [first, touch(100)];
    await asked(2);
    range.done(1, UNIT, MARK + 1);
    expect(await second).to.equal(MARK + 1);
    expect(states()).to.deep.equal(['pending', 'done']);
    range.done(0, UNIT, MARK);
    expect(await first).to.equal(MARK);
  });

  it('is asked for once, however many threads touch it', async () => {
    const touched = Array.from({ length: 8 }, () => touch(5));
    await faulted(8);
    expect(range.requests).to.have.length(1);
    range.done(0, 3, MARK);
    expect(await Promise.all(touched)).to.deep.equal(touched.map(() => MARK));
    expect(range.counts).to.include({ faults: 8, latencies: 8 });
  });

  it('is joined by touches of other pages of its request', async () => {
    const touched = [touch(4)];
    await asked(1);
    touched.push(touch(6), touch(7));
    await faulted(3);
    expect(range.requests).to.deep.equal([{ first: 4, count: 4, state: 'pending' }]);
    range.done(0, 4, MARK);
    expect(await Promise.all(touched)).to.deep.equal([MARK, MARK, MARK]);
  });

  it('may come in any order', async () => {
    const pages = [0, 300, 700, 1500, 3000];
    const touched = await touchAndAsk(pages);
    for (const index of [3, 0, 4, 1, 2]) {
      range.done(index, UNIT, index + 1);
      expect(await touched[index]).to.equal(index + 1);
    }
  });

  it('is asked for again if its request was done with fewer pages', async () => {
    const touched = [touch(8)];
    await asked(1);
    touched.push(touch(11));
    await faulted(2);
    range.done(0, 1, MARK);
    expect(await touched[0]).to.equal(MARK);
    await asked(2);
    expect(range.requests[1]).to.deep.equal({ first: 11, count: 1, state: 'pending' });
    range.done(1, 1, MARK + 1);
    expect(await touched[1]).to.equal(MARK + 1);
  });

  it('is installed at once if it has come before anybody looks', async () => {
    range.beOverAtOnce(MARK);
    expect(await touch(17)).to.equal(MARK);
    expect(states()).to.deep.equal(['done']);
  });

  describe('that does not come', () => {
    before(function () {
      requires(this, needs.fullUserfault); // for a system call that waits for its page
    });

    for (const [how, fail] of [
      [
        'because nobody has it',
        () => {
          range.failed(0);
        },
      ],
      [
        'in time',
        () => {
          expect(range.expire(0, 2 * HOUR_MS)).to.be.true;
        },
      ],
      [
        'because its request is done with nothing',
        () => {
          range.done(0, 0, 0);
        },
      ],
    ] as const) {
      it(`${how} is an error for the thread that waits, and never zeros`, async () => {
        const written = writtenUntilItFails(addressOf(20), 1, MARK);
        await asked(1);
        fail();
        expect(await written).to.deep.equal({ errno: constants.errno.EFAULT, wrong: 0 });
        expect(states()).to.deep.equal(['failed']);
      });
    }

    it('is waited for until its deadline', async () => {
      const [touched] = await touchAndAsk([0]);
      expect(range.expire(0, 1000)).to.be.false;
      expect(states()).to.deep.equal(['pending']);
      range.done(0, UNIT, MARK);
      expect(await touched).to.equal(MARK);
    });

    it('leaves untouched pages of its request as they were: they are asked for again', async () => {
      const written = writtenUntilItFails(addressOf(20), 1, MARK);
      await asked(1);
      range.failed(0);
      await written;
      const touched = touch(22);
      await asked(3);
      expect(range.requests.slice(1).map(({ first }) => first)).to.deep.equal([16, 21]);
      range.done(2, 3, MARK);
      expect(await touched).to.equal(MARK);
    });

    it('can no longer come, nor fail again', async () => {
      const written = writtenUntilItFails(addressOf(0), 1, MARK);
      await asked(1);
      range.failed(0);
      await written;
      range.done(0, UNIT, MARK);
      expect(states()).to.deep.equal(['failed']);
      expect(residentPages()).to.equal(0);
    });
  });

  describe('of a range that is closed', () => {
    it('is cancelled, and the threads that wait go on', async () => {
      const touched = await touchAndAsk([0, 100]);
      range.close();
      expect(await Promise.all(touched)).to.deep.equal([0, 0]);
      expect(states()).to.deep.equal(['cancelled', 'cancelled']);
      expect(range.cancelled).to.equal(2);
    });

    it('changes nothing if it comes after all', async () => {
      const [touched] = await touchAndAsk([100]);
      range.close();
      await touched;
      const before = residentPages();
      range.done(0, UNIT, MARK);
      expect(residentPages()).to.equal(before);
      expect(await touch(101)).to.equal(0);
    });

    it('ends once, whether the range is closed or the page comes first', async function () {
      this.timeout(60_000);
      for (let round = 0; round < 20; round++) {
        const own = new (probe().LaterRange)(64, UNIT);
        const touched = touchOnThread(own.address);
        await until('it has been asked for', () => own.requests.length === 1);
        own.done(0, UNIT, MARK);
        own.close();
        expect(await touched).to.be.oneOf([0, MARK]);
        expect(own.cancelled).to.equal(0);
      }
    });
  });

  describe('and a prefetch', () => {
    it('is not asked for twice, and is waited for', async () => {
      const [touched] = await touchAndAsk([12]);
      let isOver = false;
      const prefetched = prefetch(0, 64).then(() => (isOver = true));
      await asked(3);
      const others = range.requests.slice(1);
      expect(others.map(({ first, count }) => [first, count])).to.deep.equal([
        [0, 12],
        [16, 48],
      ]);
      range.done(1, 12, MARK);
      range.done(2, 48, MARK);
      await until('what was prefetched is here', () => residentPages() === 60);
      expect(isOver).to.be.false;
      range.done(0, 4, MARK);
      await Promise.all([prefetched, touched]);
      expect(range.counts).to.include({ pagesByFault: 4, pagesByPrefetch: 60 });
    });

    it('ends when one of its requests fails, and leaves those pages to be asked for again', async () => {
      const prefetched = prefetch(0, 8);
      await asked(1);
      range.failed(0);
      await prefetched;
      const touched = touch(0);
      await asked(2);
      range.done(1, range.requests[1]?.count ?? 0, MARK);
      expect(await touched).to.equal(MARK);
    });

    it('ends when the range is closed', async () => {
      const prefetched = prefetch(0, 8);
      await asked(1);
      range.close();
      await prefetched;
      expect(states()).to.deep.equal(['cancelled']);
    });
  });

  it('is not asked for again when pages around it are brought back', async () => {
    // The second touch goes on from the first, and gets a window, of which four pages come.
    for (const [index, page] of [0, UNIT].entries()) {
      const touched = touch(page);
      await asked(index + 1);
      range.done(index, UNIT, MARK);
      expect(await touched).to.equal(MARK);
    }
    const touched = touch(2 * UNIT);
    await asked(3);
    expect(probe().forgetPages(addressOf(UNIT + 1), PAGE)).to.be.true;
    expect(await touch(UNIT + 1)).to.equal(MARK);
    expect(states()).to.deep.equal(['done', 'done', 'pending']);
    range.done(2, range.requests[2]?.count ?? 0, MARK);
    expect(await touched).to.equal(MARK);
  });

  it('is taken back only after it has been installed', async () => {
    range.beOverAtOnce(MARK);
    probe().park('pager.installing');
    const touched = touch(9);
    await parked('pager.installing');
    let isOver = false;
    const takenBack = new Promise<number>((resolve) => {
      range.takeBack(8, UNIT, () => {
        isOver = true;
        resolve(residentPages());
      });
    });
    try {
      await until('it waits', () => isAsleep('take-back'));
      expect(isOver).to.be.false;
      expect(residentPages()).to.equal(0);
    } finally {
      probe().unpark('pager.installing');
    }
    expect(await takenBack, 'pages that are there').to.be.above(0);
    expect(await touched).to.equal(MARK);
  });

  it('comes with many others, from many threads at once', async () => {
    const pages = Array.from({ length: 60 }, (_, index) => (index * index) % PAGES);
    const touched = pages.map((page) => touch(page));
    await faulted(pages.length);
    while (states().includes('pending')) range.doneOnThreads(MARK);
    expect(await Promise.all(touched)).to.deep.equal(pages.map(() => MARK));
  });
});

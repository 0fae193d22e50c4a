import { expect } from 'chai';
import { probe, type LookBudget } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';

const LONGEST_LOOK_US = 150;
const LOOK_US = 1;
const MS = 1000;

describe('LookBudget', () => {
  let budget: LookBudget;
  let now: number;

  before(function () {
    requires(this, needs.probe);
  });

  beforeEach(() => {
    budget = new (probe().LookBudget)();
    now = 1_000_000;
  });

  /** One wait for what comes after so long. Returns how long it was looked for. */
  function wait(us: number, hasCore = true): number {
    const began = now;
    budget.begin(now, hasCore && budget.isLookWorthwhile);
    while (now - began < us && budget.goesOn(now)) now += LOOK_US;
    const lookedUs = now - began;
    now = Math.max(now, began + us);
    budget.end(now);
    return lookedUs;
  }

  function waits(count: number, us: number): number[] {
    return Array.from({ length: count }, () => wait(us));
  }

  it('sleeps first, and looks once waits have turned out to be short', () => {
    expect(budget.isLookWorthwhile).to.be.false;
    expect(wait(80)).to.equal(0);
    expect(wait(20)).to.equal(20);
  });

  it('learns from waits that it slept through: two sides that sleep find their way to looking', () => {
    waits(20, 10 * MS);
    for (let woken = 0; woken < 10; woken++) wait(200, false);
    expect(wait(20)).to.equal(20);
  });

  it('never looks where there is no core for it', () => {
    waits(20, 20);
    expect(wait(20, false)).to.equal(0);
  });

  it('looks no longer than it may', () => {
    waits(20, 20);
    expect(wait(10 * MS)).to.equal(LONGEST_LOOK_US);
  });

  it('measures in rounds of its machine, of 1 to 4 µs', () => {
    const longest = (roundNs: number): number => {
      budget = new (probe().LookBudget)(undefined, roundNs);
      waits(20, 20);
      return wait(10 * MS);
    };
    expect(longest(300)).to.equal(LONGEST_LOOK_US);
    expect(longest(2500)).to.equal(2.5 * LONGEST_LOOK_US);
    expect(longest(50 * MS)).to.equal(4 * LONGEST_LOOK_US);
  });

  it('takes a wait for short that two sleeping sides of its machine need to be woken', () => {
    const looksAfterSleeping = (us: number, roundNs: number): boolean => {
      budget = new (probe().LookBudget)(undefined, roundNs);
      for (let woken = 0; woken < 10; woken++) wait(us, false);
      return budget.isLookWorthwhile;
    };
    expect(looksAfterSleeping(400, 1000)).to.be.false;
    expect(looksAfterSleeping(400, 2000)).to.be.true;
  });

  it('never looks where waits are long, and burns little for those that come just too late', () => {
    expect(waits(1000, MS)).to.deep.equal(Array<number>(1000).fill(0));
    const looked = waits(1000, 170).reduce((sum, each) => sum + each, 0);
    expect(looked / 1000).to.be.below(0.02 * LONGEST_LOOK_US);
  });

  it('stops after two looks in vain when short waits become long, and is back after a few short ones', () => {
    waits(20, 20);
    expect(waits(100, MS).filter((lookedUs) => lookedUs > 0)).to.have.lengthOf.at.most(2);
    const back = waits(20, 20);
    expect(back.slice(10)).to.deep.equal(Array<number>(10).fill(20));
  });

  it('never looks where every second wait is long', () => {
    for (let times = 0; times < 20; times++) {
      wait(MS);
      wait(20);
    }
    expect(budget.isLookWorthwhile).to.be.false;
    expect(wait(MS) + wait(20)).to.equal(0);
  });

  /** A look whose thread gets its core back after so long, and finds then what it looked for, or `laterUs` later. */
  function lookWithout(coreUs: number, laterUs = 0): void {
    budget.begin(now, true);
    expect(budget.goesOn((now += LOOK_US))).to.be.true;
    now += coreUs;
    for (const end = now + laterUs; now < end && budget.goesOn(now);) now += LOOK_US;
    budget.end(now);
  }

  it('has paid when what it waited for has come to its core, and tells its thread to leave the core', () => {
    waits(20, 20);
    expect(budget.isCoreToBeLeft).to.be.false;
    lookWithout(40);
    expect(budget.isCoreToBeLeft).to.be.true;
    expect(budget.isLookWorthwhile).to.be.true;
    wait(20);
    expect(budget.isCoreToBeLeft).to.be.false;
    lookWithout(40, 50);
    expect(budget.isCoreToBeLeft).to.be.true;
  });

  it('tells its thread less and less often to leave its core where that does not help', () => {
    waits(20, 20);
    const told: number[] = [];
    for (let times = 1; times <= 40; times++) {
      lookWithout(40);
      if (budget.isCoreToBeLeft) told.push(times);
    }
    expect(told).to.deep.equal([1, 2, 4, 8, 16, 32]);
  });

  it('says nothing of its core after a wait that it slept through', () => {
    waits(20, 20);
    lookWithout(40);
    wait(20, false);
    expect(budget.isCoreToBeLeft).to.be.false;
  });

  it('is in vain where the core comes back too late', () => {
    waits(20, 20);
    lookWithout(200);
    expect(budget.isCoreToBeLeft).to.be.false;
    expect(budget.isLookWorthwhile).to.be.false;
  });

  it('looks again after a look in vain once so many short waits have been slept through: one counts for eight', () => {
    waits(20, 20);
    for (let times = 0; times < 7; times++) lookInVain();
    const looked = waits(30, 20);
    expect(looked.filter((us) => us === 0)).to.have.lengthOf(Math.ceil(127 / 8));
    expect(looked.slice(16)).to.deep.equal(Array<number>(14).fill(20));
  });

  /** A look in vain, and nothing else: what looks are left out after the last one is not waited for. */
  function lookInVain(): void {
    budget.begin(now, true);
    while (budget.goesOn(now)) now += LOOK_US;
    budget.end((now += 1));
  }

  describe('keeps its core', () => {
    const EARNED_IN = 100;

    /** Another program has had the core for so long, and the answer was there when it came back. */
    function answerWaited(us: number): void {
      for (let times = 0; times < 20; times++) wait(20, false);
      lookWithout(us);
    }

    function givesWayLater(us = 0): boolean {
      now += us;
      wait(20);
      return budget.givesWay;
    }

    it('when answers have waited for it for more than 4 ms, until a hundred times what is above that has passed', () => {
      answerWaited(3 * MS);
      expect(givesWayLater()).to.be.true;
      answerWaited(3 * MS);
      expect(givesWayLater()).to.be.false;
      expect(givesWayLater(2 * MS * EARNED_IN - 10 * MS)).to.be.false;
      expect(givesWayLater(10 * MS)).to.be.true;
    });

    it('not because of short pieces of work that take a hundredth of the time', () => {
      for (let times = 0; times < 100; times++) {
        answerWaited(MS);
        expect(givesWayLater()).to.be.true;
        now += MS * EARNED_IN;
      }
    });

    it('not because of a core lost while nothing came', () => {
      for (let times = 0; times < 10; times++) {
        waits(20, 20);
        budget.begin(now, true);
        expect(budget.goesOn((now += LOOK_US))).to.be.true;
        expect(budget.goesOn((now += 3 * MS))).to.be.false;
        budget.end((now += 1));
        expect(givesWayLater()).to.be.true;
      }
    });

    it('as long as looks have not saved what they have cost', () => {
      const savedByLook = 10;
      answerWaited(9 * MS);
      const looksInARow = (count: number): void => {
        for (let times = 0; times < count; times++) {
          budget.begin(now, true);
          budget.goesOn((now += LOOK_US));
          budget.end((now += LOOK_US));
        }
      };
      looksInARow((5 * MS) / savedByLook - 100);
      expect(givesWayLater()).to.be.false;
      looksInARow(100);
      expect(givesWayLater()).to.be.true;
    });

    it('when another thread of its process has lost as much', () => {
      const other = new (probe().LookBudget)(budget);
      answerWaited(9 * MS);
      other.begin(now, true);
      expect(other.givesWay).to.be.false;
    });

    it('and then a look that loses it all the same is in vain, found or not', () => {
      answerWaited(9 * MS);
      answerWaited(40);
      expect(budget.isCoreToBeLeft).to.be.false;
      expect(budget.isLookWorthwhile).to.be.false;
      waits(20, 20);
      budget.begin(now, true);
      expect(budget.goesOn((now += LOOK_US))).to.be.true;
      expect(budget.goesOn((now += 40))).to.be.false;
    });

    it('and then counts each wait of those left out once, short or not', () => {
      answerWaited(9 * MS); // in vain as well
      for (let times = 0; times < 6; times++) lookInVain();
      expect(waits(126, 20).filter((us) => us > 0)).to.be.empty;
      expect(waits(4, 20)).to.include(20);
    });
  });

  it('learns nothing from a wait that nobody waits for any more', () => {
    waits(20, 20);
    budget.begin(now, true);
    budget.forget();
    budget.end(now + MS);
    expect(budget.isLookWorthwhile).to.be.true;
  });

  it('learns from the waits of another thread', () => {
    for (let times = 0; times < 20; times++) budget.slept(10 * MS);
    expect(budget.isLookWorthwhile).to.be.false;
    for (let times = 0; times < 20; times++) budget.slept(200);
    expect(budget.isLookWorthwhile).to.be.true;
  });
});

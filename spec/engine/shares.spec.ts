import { expect } from 'chai';
import { probe, type Sharer, type Shares } from '../support/probe.js';
import { Random, runSeed } from '../support/random.js';
import { needs, requires } from '../support/requires.js';

const WHOLE = 1000;
const OURS = 1000;
const THEIRS = 2000;
const OTHERS = 3000;

function own(process: number): Sharer {
  return { process, user: OURS, isOwnUser: true };
}

function foreign(process: number, user = THEIRS): Sharer {
  return { process, user, isOwnUser: false };
}

describe('Shares', () => {
  let shares: Shares;
  before(function () {
    requires(this, needs.probe);
  });
  beforeEach(() => {
    shares = new (probe().Shares)();
  });

  /** How much a sharer gets if it takes all that it may. */
  function greed(sharer: Sharer, count = 1, whole = WHOLE): number {
    let got = 0;
    for (; shares.mayTake(sharer, count, whole) === 'yes'; got += count) shares.take(sharer, count);
    return got;
  }

  it('lets one greedy process have a half, the next a quarter, and so on', () => {
    expect([1, 2, 3, 4].map((process) => greed(own(process)))).to.deep.equal([500, 250, 125, 62]);
  });

  it('counts amounts, however large each piece is', () => {
    expect(greed(own(1), 3)).to.equal(498);
  });

  it('lets all processes of another user together have a half at most', () => {
    const got = Array.from({ length: 50 }, (_, process) => greed(foreign(process + 1)));
    const sum = got.reduce((left, right) => left + right);
    expect(sum).to.be.at.most(WHOLE / 2);
    expect(sum).to.be.above(WHOLE / 2 - 5);
    expect(got[0]).to.equal(Math.floor(WHOLE / 3));
  });

  it('leaves something for a user that comes late', () => {
    for (let process = 1; process <= 50; process++) greed(foreign(process));
    expect(greed(foreign(100, OTHERS))).to.be.above(WHOLE / 8);
    expect(greed(own(200))).to.be.above(WHOLE / 8);
  });

  it('lets many processes of the own user have nearly all, and nobody more than there is', () => {
    for (let process = 1; process <= 50; process++) greed(own(process));
    expect(shares.ofAll()).to.be.within(WHOLE - 2, WHOLE);
  });

  it('tells sharers without a process number apart by their user', () => {
    expect(greed(foreign(0))).to.equal(Math.floor(WHOLE / 3));
    expect(greed(foreign(0, OTHERS))).to.be.above(WHOLE / 8);
  });

  it('says whose the fault is', () => {
    const verdict = (sharer: Sharer) => shares.mayTake(sharer, 1, WHOLE);
    shares.take(own(1), WHOLE / 2);
    expect(verdict(own(1))).to.equal('process has its share');
    expect(verdict(own(2))).to.equal('yes');
    shares.take(own(3), WHOLE / 2);
    expect(verdict(own(2))).to.equal('nothing left');
    shares.giveBack(own(1), WHOLE / 2);
    shares.giveBack(own(3), WHOLE / 2);
    for (let process = 1; process <= 50; process++) greed(foreign(process));
    expect(verdict(foreign(99))).to.equal('user has its share');
  });

  it('respects a whole that has become smaller', () => {
    greed(own(1));
    expect(shares.mayTake(own(2), 1, 400)).to.equal('nothing left');
  });

  it('recognizes a process that has changed its user', () => {
    shares.take(own(1), WHOLE / 2);
    expect(shares.mayTake(foreign(1), 1, WHOLE)).to.equal('process has its share');
  });

  it('is as before when everything has been given back', () => {
    const random = new Random(runSeed);
    const taken: { sharer: Sharer; count: number }[] = [];
    for (let step = 0; step < 2000; step++) {
      const sharer = random.below(2) === 0 ? own(1 + random.below(5)) : foreign(random.below(5), random.below(3));
      const count = 1 + random.below(20);
      if (random.below(3) === 0) {
        const back = taken.pop();
        if (back) shares.giveBack(back.sharer, back.count);
      } else if (shares.mayTake(sharer, count, WHOLE) === 'yes') {
        shares.take(sharer, count);
        taken.push({ sharer, count });
      }
      expect(shares.ofAll(), `seed ${runSeed}`).to.be.at.most(WHOLE);
    }
    for (const { sharer, count } of taken) shares.giveBack(sharer, count);
    expect(shares.ofAll()).to.equal(0);
    expect(greed(own(1))).to.equal(WHOLE / 2);
  });
});

import { expect } from 'chai';
import { probe, type ClaimedUnits } from '../support/probe.js';
import { Random, runSeed } from '../support/random.js';
import { needs, requires } from '../support/requires.js';

const MOST_SENT = 1024;
const UNITS = 4096;

describe('ClaimedUnits', () => {
  let units: ClaimedUnits;

  before(function () {
    requires(this, needs.probe);
  });
  beforeEach(() => {
    units = new (probe().ClaimedUnits)(UNITS);
  });

  it('sends a unit once, however often it is asked for', () => {
    expect(units.ask(3, true)).to.be.true;
    expect(units.ask(3, true)).to.be.false;
    expect(units.ask(3, false)).to.be.false;
    expect(units.isAskedFor(3)).to.be.true;
    expect(units.ready(3, 1)).to.deep.equal([3]);
    expect(units.isAskedFor(3)).to.be.false;
  });

  it('sends it again when a thread begins to wait for what was asked for ahead', () => {
    expect(units.ask(3, false)).to.be.true;
    expect(units.ask(3, true)).to.be.true;
    expect(units.ask(3, true)).to.be.false;
  });

  it('counts what it is told of and has not asked for, but as no answer', () => {
    units.ask(1, true);
    expect(units.ready(0, 4)).to.deep.equal([1]);
    expect(units.readyFrom(0, UNITS)).to.equal(4);
    expect(units.readyFrom(4, UNITS)).to.equal(0);
    expect(units.awaitsAnswers).to.be.false;
  });

  it('has no more than 1024 units asked for at once, and the others wait for their turn, those first that a thread waits for', () => {
    for (let unit = 0; unit < MOST_SENT; unit++) expect(units.ask(unit, false)).to.be.true;
    expect(units.ask(2000, false)).to.be.false;
    expect(units.ask(3000, true)).to.be.false;
    expect(units.next()).to.be.null;
    units.ready(0, 2);
    expect(units.next()).to.deep.equal({ unit: 3000, isWaitedFor: true });
    expect(units.next()).to.deep.equal({ unit: 2000, isWaitedFor: false });
    expect(units.next()).to.be.null;
  });

  it('moves a unit forward for which a thread begins to wait before its turn', () => {
    for (let unit = 0; unit < MOST_SENT; unit++) units.ask(unit, false);
    for (const unit of [2000, 3000]) units.ask(unit, false);
    expect(units.ask(3000, true)).to.be.false;
    units.failed(0, 2);
    expect(units.next()).to.deep.equal({ unit: 3000, isWaitedFor: true });
    expect(units.next()).to.deep.equal({ unit: 2000, isWaitedFor: false });
    expect(units.next()).to.be.null;
  });

  it('can be asked for again after a failure', () => {
    units.ask(3, true);
    expect(units.failed(3, 1)).to.deep.equal([3]);
    expect(units.isReady(3)).to.be.false;
    expect(units.ask(3, true)).to.be.true;
  });

  it('takes an answer to what it has given up', () => {
    units.ask(3, true);
    expect(units.giveUp()).to.deep.equal([3]);
    expect(units.giveUp()).to.deep.equal([]);
    expect(units.awaitsAnswers).to.be.false;
    expect(units.ready(3, 1)).to.deep.equal([3]);
    expect(units.isReady(3)).to.be.true;
  });

  it('gives up those, too, that have not had their turn, and does not send them any more', () => {
    for (let unit = 0; unit < MOST_SENT; unit++) units.ask(unit, false);
    units.ask(2000, true);
    expect(units.giveUp()).to.have.lengthOf(MOST_SENT + 1);
    units.ready(0, 1);
    expect(units.next()).to.be.null;
  });

  it('waits again for what it has given up and is asked for again', () => {
    units.ask(3, true);
    units.giveUp();
    expect(units.ask(3, true)).to.be.true; // the source may have lost its interest
    expect(units.awaitsAnswers).to.be.true;
    expect(units.giveUp()).to.deep.equal([3]);
  });

  it('takes back what nobody waits for, and tells the source if that was asked', () => {
    for (let unit = 0; unit < MOST_SENT; unit++) units.ask(unit, unit === 1);
    units.ask(2000, false);
    expect(units.cancel(0), 'sent').to.be.true;
    expect(units.cancel(0), 'cancelled before').to.be.false;
    expect(units.cancel(1), 'a thread waits').to.be.false;
    expect(units.cancel(2000), 'not sent').to.be.false;
    expect(units.isAskedFor(2000)).to.be.false;
    expect(units.next()).to.be.null;
    expect(units.ready(0, 1), 'an answer that has crossed it').to.deep.equal([]);
    expect(units.isReady(0)).to.be.true;
    expect(units.ask(3000, false), 'there is room for another').to.be.true;
    expect(units.ready(1, MOST_SENT)).to.have.lengthOf(MOST_SENT - 1);
    expect(units.ready(3000, 1)).to.deep.equal([3000]);
    expect(units.awaitsAnswers).to.be.false;
  });

  it('counts what it has', () => {
    units.ready(0, 8);
    units.ready(4, 8);
    units.isHole(1);
    units.recall(2, 4);
    expect(units.readyCount).to.equal(12 - 5);
  });

  it('believes once that it was told too early, and never twice', () => {
    units.ready(3, 1);
    expect(units.isHole(3)).to.be.true;
    expect(units.isReady(3)).to.be.false;
    expect(units.isHole(3), 'another thread has found the same hole').to.be.true;
    units.ready(3, 1);
    expect(units.isHole(3)).to.be.false;
  });

  it('forgets what it has given back, and begins to believe anew', () => {
    units.ready(3, 1);
    units.isHole(3);
    units.ready(3, 1);
    expect(units.recall(3, 1)).to.be.true;
    expect(units.isReady(3)).to.be.false;
    units.ready(3, 1);
    expect(units.isHole(3)).to.be.true;
  });

  it('keeps what is pinned as often as it is pinned', () => {
    units.ready(0, 8);
    units.pin(2, 2);
    units.pin(3, 1);
    expect(units.recall(0, 8)).to.be.false;
    units.unpin(2, 2);
    expect(units.recall(3, 1)).to.be.false;
    expect(units.recall(2, 1)).to.be.true;
    units.unpin(3, 1);
    expect(units.recall(3, 1)).to.be.true;
    expect(units.readyFrom(0, 8)).to.equal(2);
  });

  it('never has what is lost, though it is told that it is there', () => {
    units.ready(0, 4);
    units.lose(2);
    expect(units.isReady(2)).to.be.false;
    expect(units.readyFrom(0, 4)).to.equal(2);
    expect(units.readyFrom(2, 4)).to.equal(0);
    units.ready(2, 1);
    expect(units.isReady(2)).to.be.false;
    expect(units.readyFrom(3, 4)).to.equal(1);
  });

  /** As its owner uses it, beside a record of what was sent and not answered. */
  it('sends every unit that is asked for, and never more than 1024 at once, in long histories', () => {
    const random = new Random(runSeed);
    const sent = new Set<number>();
    const wanted = new Set<number>();
    const send = (unit: number) => {
      sent.add(unit);
      expect(sent.size).to.be.at.most(MOST_SENT);
    };
    const sendOthers = () => {
      for (let order = units.next(); order; order = units.next()) send(order.unit);
    };
    for (let step = 0; step < 20_000; step++) {
      const unit = random.below(UNITS);
      if (random.below(3) > 0) {
        if (units.isReady(unit)) continue;
        wanted.add(unit);
        if (units.ask(unit, random.below(2) === 0)) send(unit);
        continue;
      }
      const [answered] = sent;
      if (answered === undefined) continue;
      sent.delete(answered);
      wanted.delete(answered);
      if (random.below(4) === 0) units.failed(answered, 1);
      else units.ready(answered, 1);
      sendOthers();
      if (random.below(50) === 0) units.recall(random.below(UNITS / 2), UNITS / 2);
    }
    while (sent.size > 0) {
      for (const unit of [...sent]) {
        sent.delete(unit);
        wanted.delete(unit);
        units.ready(unit, 1);
      }
      sendOthers();
    }
    expect([...wanted]).to.deep.equal([]);
    expect(units.awaitsAnswers).to.be.false;
  });
});

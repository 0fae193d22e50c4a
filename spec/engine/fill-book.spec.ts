import { expect } from 'chai';
import { probe, type FillBook, type FillEnd } from '../support/probe.js';
import { Random, runSeed } from '../support/random.js';
import { needs, requires } from '../support/requires.js';

const UNITS = 8;
const TIMEOUT = 1000;
const [ANN, BOB] = [1, 2];

const open = (units = UNITS, concurrency = 2): FillBook => new (probe().FillBook)(units, concurrency, TIMEOUT);

/** Carries a fill to its end. */
function fillNext(book: FillBook): FillEnd {
  const order = book.nextOrder(0) ?? expect.fail('nothing is to be filled');
  expect(book.beginPlacing(order.id)).to.be.true;
  return book.finish(order.id);
}

describe('FillBook', () => {
  let book: FillBook;

  before(function () {
    requires(this, needs.probe);
  });
  beforeEach(() => {
    book = open();
  });

  it('fills a unit once for all askers', () => {
    expect(book.ask(ANN, 3, true)).to.equal('queued');
    expect(book.ask(BOB, 3, true)).to.equal('queued');
    expect(fillNext(book)).to.deep.include({ unit: 3, askers: [ANN, BOB] });
    expect(book.nextOrder(0)).to.be.null;
    expect(book.ask(ANN, 3, true)).to.equal('filled');
  });

  it('orders units that a thread waits for before those that are read ahead, each in turn', () => {
    for (const unit of [0, 1]) book.ask(ANN, unit, false);
    for (const unit of [5, 4]) book.ask(BOB, unit, true);
    expect([fillNext(book), fillNext(book), fillNext(book)].map(({ unit }) => unit)).to.deep.equal([5, 4, 0]);
  });

  it('moves a unit to the front when a thread begins to wait for it', () => {
    for (const unit of [0, 1, 2]) book.ask(ANN, unit, false);
    book.ask(BOB, 2, true);
    expect(book.nextOrder(0)).to.include({ unit: 2, isWaitedFor: true });
  });

  it('gives the supplier no more fills at once than its concurrency', () => {
    for (const unit of [0, 1, 2]) book.ask(ANN, unit, true);
    const first = book.nextOrder(0) ?? expect.fail();
    expect(book.nextOrder(0)).to.include({ unit: 1 });
    expect(book.nextOrder(0)).to.be.null;
    book.fail(first.id);
    expect(book.nextOrder(0)).to.include({ unit: 2 });
  });

  it('asks for the next unit as soon as bytes have come, while no more than that many wait to be in place', () => {
    const concurrency = 2;
    const ordered: number[] = [];
    for (let unit = 0; unit < UNITS; unit++) book.ask(ANN, unit, false);
    const orderAll = () => {
      for (let order = book.nextOrder(0); order; order = book.nextOrder(0)) ordered.push(order.id);
    };
    orderAll();
    const [first = 0, second = 0] = ordered;
    book.beginPlacing(first);
    orderAll();
    expect(ordered, 'one has come').to.have.length(concurrency + 1);
    book.beginPlacing(second);
    orderAll();
    expect(ordered, 'two have come').to.have.length(2 * concurrency);
    book.beginPlacing(ordered[2] ?? 0);
    orderAll();
    expect(ordered, 'three have come').to.have.length(2 * concurrency);
    expect(book.underWay).to.equal(2 * concurrency);
    book.finish(first);
    orderAll();
    expect(ordered, 'one is in place').to.have.length(2 * concurrency + 1);
  });

  it('does not fill a unit that nobody asks for any more', () => {
    book.ask(ANN, 0, true);
    book.ask(BOB, 0, true);
    book.cancel(ANN, 0);
    expect(book.stateOf(0)).to.equal('queued');
    book.forget(BOB);
    expect(book.stateOf(0)).to.equal('absent');
    expect(book.nextOrder(0)).to.be.null;
  });

  it('tells the supplier to stop a fill that nobody asks for any more, and takes its bytes all the same', () => {
    book.ask(ANN, 0, true);
    const { id } = book.nextOrder(0) ?? expect.fail();
    book.forget(ANN);
    expect(book.takeAbandoned()).to.deep.equal([id]);
    expect(book.takeAbandoned()).to.deep.equal([]);
    expect(book.beginPlacing(id)).to.be.true;
    expect(book.finish(id).askers).to.deep.equal([]);
    expect(book.stateOf(0)).to.equal('filled');
  });

  it('does not stop a fill that is asked for again in time', () => {
    book.ask(ANN, 0, true);
    book.nextOrder(0);
    book.cancel(ANN, 0);
    book.ask(BOB, 0, true);
    expect(book.takeAbandoned()).to.deep.equal([]);
  });

  it('fills a unit again that was asked for after the supplier was told to stop', () => {
    book.ask(ANN, 0, true);
    const { id } = book.nextOrder(0) ?? expect.fail();
    book.cancel(ANN, 0);
    book.takeAbandoned();
    book.ask(BOB, 0, true);
    expect(book.fail(id)?.askers).to.deep.equal([]);
    expect(fillNext(book)).to.deep.include({ unit: 0, askers: [BOB] });
  });

  it('keeps a failure until retry()', () => {
    book.ask(ANN, 0, true);
    const { id } = book.nextOrder(0) ?? expect.fail();
    expect(book.fail(id)).to.deep.equal({ id, unit: 0, askers: [ANN] });
    expect(book.fail(id)).to.be.null;
    expect(book.beginPlacing(id)).to.be.false;
    expect(book.ask(BOB, 0, true)).to.equal('failed');
    expect(book.retry(0)).to.be.true;
    expect(book.retry(0)).to.be.false;
    expect(book.ask(BOB, 0, true)).to.equal('queued');
  });

  it('fails a fill that takes too long, but not while its bytes are being placed', () => {
    for (const unit of [0, 1]) book.ask(ANN, unit, true);
    const late = book.nextOrder(0) ?? expect.fail();
    const placed = book.nextOrder(0) ?? expect.fail();
    book.beginPlacing(placed.id);
    expect(book.nextDeadline).to.equal(TIMEOUT);
    expect(book.expire(TIMEOUT - 1)).to.deep.equal([]);
    expect(book.expire(TIMEOUT)).to.deep.equal([{ id: late.id, unit: 0, askers: [ANN] }]);
    expect(book.nextDeadline).to.be.null;
    expect(book.beginPlacing(late.id)).to.be.false;
    expect(book.finish(placed.id).askers).to.deep.equal([ANN]);
  });

  it('gives a supplier that reports progress more time, up to six times as much', () => {
    book.ask(ANN, 0, true);
    const { id } = book.nextOrder(0) ?? expect.fail();
    for (let now = 900; now < 10 * TIMEOUT; now += 900) {
      book.extend(id, now);
      expect(book.nextDeadline).to.equal(Math.min(now + TIMEOUT, 6 * TIMEOUT));
    }
    book.expire(6 * TIMEOUT);
    expect(book.extend(id, 0)).to.be.false;
  });

  it('takes bytes from the source itself, whatever the supplier is doing', () => {
    book.ask(ANN, 0, true);
    const { id } = book.nextOrder(0) ?? expect.fail();
    expect(book.beginPut(0)).to.be.true;
    expect(book.beginPut(0)).to.be.false;
    expect(book.takeAbandoned()).to.deep.equal([id]);
    expect(book.beginPlacing(id)).to.be.false;
    expect(book.finishPut(0)).to.deep.include({ unit: 0, askers: [ANN] });
    expect(book.beginPut(0)).to.be.false;
  });

  it("returns to the supplier if the source's own bytes cannot be placed", () => {
    book.ask(ANN, 0, true);
    book.beginPut(0);
    book.giveUpPut(0);
    expect(fillNext(book)).to.deep.include({ unit: 0, askers: [ANN] });
    book.beginPut(1);
    book.giveUpPut(1);
    expect(book.stateOf(1)).to.equal('absent');
  });

  it('forgets an evicted unit, and fills it again when it is asked for', () => {
    expect(book.evict(0)).to.be.false;
    book.ask(ANN, 0, true);
    fillNext(book);
    expect(book.evict(0)).to.be.true;
    expect(book.ask(ANN, 0, true)).to.equal('queued');
  });
});

const EXPLORED_UNITS = 3;

/** A book with a few units and two askers, whose supplier fills one at a time, and the conditions that must hold after each step. */
class Watched {
  readonly #book = open(EXPLORED_UNITS, 1);
  readonly #waiting = new Set<string>();
  readonly #orders = new Map<number, number>();
  readonly #stopped = new Set<number>();
  readonly #placing = new Set<number>();
  readonly #putting = new Set<number>();
  #now = 0;

  /** All possible steps. A step that makes no sense at the moment does nothing. */
  static readonly steps: readonly ((watched: Watched) => void)[] = [
    ...[...Array(EXPLORED_UNITS).keys()].flatMap((unit) => [
      ...[ANN, BOB].flatMap((asker) => [
        (watched: Watched) => {
          watched.#ask(asker, unit, asker === ANN);
        },
        (watched: Watched) => {
          watched.#book.cancel(asker, unit);
          watched.#waiting.delete(`${asker} ${unit}`);
        },
      ]),
      (watched: Watched) => {
        watched.#put(unit);
      },
      (watched: Watched) => {
        watched.#book.evict(unit);
      },
      (watched: Watched) => {
        watched.#book.retry(unit);
      },
    ]),
    (watched) => {
      watched.#order();
    },
    (watched) => {
      watched.#place();
    },
    (watched) => {
      watched.#finish();
    },
    (watched) => {
      watched.#fail();
    },
    (watched) => {
      for (const id of watched.#book.takeAbandoned()) watched.#stopped.add(id);
    },
    (watched) => {
      watched.#now += TIMEOUT;
      for (const end of watched.#book.expire(watched.#now)) watched.#told(end, false);
    },
  ];

  /** One unit has come and is not in place, another is with the supplier, and both askers want all. */
  haveOneOfEach(): void {
    for (const asker of [ANN, BOB]) for (let unit = 0; unit < EXPLORED_UNITS; unit++) this.#ask(asker, unit, false);
    this.#order();
    this.#place();
    this.#order();
  }

  /** Carries all fills to their end: every asker must have been told then. */
  drain(): void {
    for (const unit of this.#putting) this.#told(this.#book.finishPut(unit), true);
    this.#putting.clear();
    while (this.#orders.size > 0 || this.#order()) {
      this.#place();
      while (this.#placing.size > 0) this.#finish();
      this.#order();
    }
    if (this.#waiting.size > 0) expect.fail(`nobody has told ${[...this.#waiting].join(', ')}`);
  }

  #ask(asker: number, unit: number, isWaitedFor: boolean): void {
    const state = this.#book.ask(asker, unit, isWaitedFor);
    const name = `${asker} ${unit}`;
    if (state !== 'filled' && state !== 'failed') this.#waiting.add(name);
    else if (this.#waiting.has(name)) expect.fail(`${name} was not told that it is ${state}`);
  }

  #order(): boolean {
    const order = this.#book.nextOrder(this.#now);
    if (!order) return false;
    const withSupplier = [...this.#orders.keys()].filter((id) => !this.#placing.has(id));
    if (withSupplier.length > 0) expect.fail(`unit ${order.unit} is ordered beside another`);
    if (this.#placing.size > 1) expect.fail(`unit ${order.unit} is ordered, and two have come and are not in place`);
    this.#orders.set(order.id, order.unit);
    return true;
  }

  #place(): void {
    for (const id of this.#orders.keys()) {
      if (this.#placing.has(id)) continue;
      if (this.#book.beginPlacing(id)) this.#placing.add(id);
      else this.#orders.delete(id);
    }
  }

  /** What has come first. */
  #finish(): void {
    const [id] = this.#placing;
    if (id !== undefined) this.#told(this.#book.finish(id), true);
  }

  #fail(): void {
    for (const id of this.#orders.keys()) {
      const end = this.#book.fail(id);
      if (end && this.#stopped.has(id) && end.askers.length > 0)
        expect.fail('a fill that was stopped fails for somebody');
      if (end) this.#told(end, false);
    }
  }

  #put(unit: number): void {
    if (this.#putting.delete(unit)) {
      this.#told(this.#book.finishPut(unit), true);
    } else if (this.#book.beginPut(unit)) {
      this.#putting.add(unit);
      for (const [id, filled] of this.#orders) if (filled === unit) this.#orders.delete(id);
    }
  }

  #told({ id, unit, askers }: FillEnd, isFilled: boolean): void {
    this.#orders.delete(id);
    this.#placing.delete(id);
    for (const asker of askers) {
      if (!this.#waiting.delete(`${asker} ${unit}`)) expect.fail(`${asker} is told of ${unit}, and does not wait`);
    }
    if (!isFilled) return;
    if (this.#book.stateOf(unit) !== 'filled') expect.fail(`${unit} is not filled`);
    for (const asker of [ANN, BOB]) {
      if (this.#waiting.has(`${asker} ${unit}`)) expect.fail(`${asker} is not told of ${unit}`);
    }
  }
}

describe('a book of a few units, in every order of events', () => {
  before(function () {
    requires(this, needs.probe);
  });

  function run(steps: readonly number[]): void {
    const watched = new Watched();
    for (const step of steps) Watched.steps[step]?.(watched);
    watched.drain();
  }

  it('tells every waiting asker once, after one unit has come, another is with the supplier, and a third has to wait', () => {
    const count = Watched.steps.length;
    for (let number = 0; number < count ** 3; number++) {
      const watched = new Watched();
      watched.haveOneOfEach();
      for (const place of [0, 1, 2]) Watched.steps[Math.floor(number / count ** place) % count]?.(watched);
      watched.drain();
    }
  });

  it('tells every waiting asker once', () => {
    const count = Watched.steps.length;
    for (let number = 0; number < count ** 4; number++) {
      run([0, 1, 2, 3].map((place) => Math.floor(number / count ** place) % count));
    }
  });

  it('tells every waiting asker in long histories, too', () => {
    const random = new Random(runSeed);
    for (let history = 0; history < 5000; history++) {
      run(Array.from({ length: 40 }, () => random.below(Watched.steps.length)));
    }
  });
});

import { expect } from 'chai';
import { probe, type OrderAhead, type PageSpan } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';

const MIB = 1 << 20;
const UNIT = 256 << 10;
const UNITS = 1000;

/** Fills all that is ordered before the reader goes on, and drops what was filled first to stay within its budget. */
class QuickSource {
  readonly #ahead: OrderAhead;
  readonly #budget: number;
  /** In the order in which they were filled. */
  readonly #here = new Set<number>();
  #asked: number[] = [];
  fills = 0;

  constructor(ahead: OrderAhead, budget: number) {
    this.#ahead = ahead;
    this.#budget = budget;
  }

  /** A touch of a unit that is here is not always heard of. */
  read(unit: number, isHeardOf: boolean): void {
    const isHere = this.#here.has(unit);
    if (!isHere) this.#asked.unshift(unit);
    if (!isHere || isHeardOf) {
      const { first, count } = this.#ahead.onTouch(unit, this.#here.size);
      for (let next = first; next < first + count; next++) this.#asked.push(next);
    }
    while (this.#asked.length > 0) this.#fill();
  }

  #fill(): void {
    const unit = this.#asked.shift();
    if (unit === undefined || this.#here.has(unit)) return;
    const [oldest] = this.#here;
    if (this.#here.size === this.#budget && oldest !== undefined) this.#recall(oldest);
    this.#here.add(unit);
    this.fills++;
  }

  #recall(unit: number): void {
    const { first, count } = this.#ahead.onRecall(unit, 1, this.#here.size);
    this.#asked = this.#asked.filter((asked) => asked < first || asked >= first + count);
    this.#here.delete(unit);
  }
}

describe('OrderAhead', () => {
  const open = (units = UNITS, unit = UNIT): OrderAhead => new (probe().OrderAhead)(units, unit);
  const isSome = ({ count }: PageSpan) => count > 0;
  /** What a reader orders that goes on from unit to unit. */
  const inOrder = (ahead: OrderAhead, first: number, count: number, held = 0) =>
    Array.from({ length: count }, (_, at) => ahead.onTouch(first + at, held)).filter(isSome);
  const mostOf = (orders: PageSpan[]) => Math.max(...orders.map(({ count }) => count));
  const endOf = (orders: PageSpan[]) => Math.max(...orders.map(({ first, count }) => first + count));

  before(function () {
    requires(this, needs.probe);
  });

  it('orders nothing for a lone touch, nor for touches here and there, nor backwards', () => {
    const ahead = open();
    for (const unit of [500, 20, 700, 699, 698, 3, 900])
      expect(isSome(ahead.onTouch(unit, 0)), `unit ${unit}`).to.be.false;
  });

  it('orders nothing for touches of one and the same unit', () => {
    const ahead = open();
    for (let time = 0; time < 4; time++) expect(isSome(ahead.onTouch(0, 0))).to.be.false;
  });

  it('orders 1 MiB at first, then twice as much each time, to 16 MiB', () => {
    const orders = inOrder(open(), 0, 300);
    const lengths = orders.map(({ count }) => (count * UNIT) / MIB);
    expect(lengths.slice(0, 6)).to.deep.equal([1, 2, 4, 8, 16, 16]);
  });

  for (const unit of [64 << 10, UNIT, MIB, 4 * MIB]) {
    it(`orders every unit once and in order, a unit being ${unit >> 10} KiB`, () => {
      const [first, ...others] = inOrder(open(400, unit), 0, 400);
      let end = first ? first.first + first.count : 0;
      for (const order of others) {
        expect(order.first).to.equal(end);
        end += order.count;
      }
      expect(end).to.equal(400);
    });

    it(`is ahead of the reader from its second touch on, a unit being ${unit >> 10} KiB`, () => {
      const ahead = open(400, unit);
      let end = 1;
      for (let at = 0; at < 399; at++) {
        const order = ahead.onTouch(at, 0);
        end = Math.max(end, order.first + order.count);
        if (at > 0) expect(end, `at ${at}`).to.be.greaterThan(at + 1);
      }
    });
  }

  it('begins anew where the reader goes on elsewhere', () => {
    const ahead = open();
    inOrder(ahead, 0, 40);
    expect(inOrder(ahead, 500, 2)).to.deep.equal([{ first: 502, count: MIB / UNIT }]);
  });

  it('goes on for a reader that leaves out what it has ordered', () => {
    const ahead = open();
    inOrder(ahead, 0, 2); // up to 6
    expect(isSome(ahead.onTouch(4, 0))).to.be.true;
  });

  it('orders less far ahead once the source wants units back: what the claim has is its share of a budget', () => {
    const ahead = open();
    inOrder(ahead, 0, 100); // of 16 MiB
    ahead.onRecall(0, 1, 64);
    expect(mostOf(inOrder(ahead, 100, 100)) * UNIT).to.equal(8 * MIB);
    expect(ahead.bytesBetweenTouches).to.equal(2 * MIB);
    expect(mostOf(inOrder(ahead, 500, 200)) * UNIT, 'another reader').to.equal(8 * MIB);
  });

  it('takes back what it has ordered too far ahead', () => {
    const ahead = open();
    const end = endOf(inOrder(ahead, 0, 50));
    const share = 32;
    const tooFar = ahead.onRecall(0, 1, share);
    expect(tooFar.first - 50).to.equal((share * 3) / 4);
    expect(tooFar.first + tooFar.count).to.equal(end);
  });

  it('orders further again when the claim has come to hold more', () => {
    const ahead = open();
    inOrder(ahead, 0, 100);
    ahead.onRecall(0, 1, 2);
    expect(mostOf(inOrder(ahead, 100, 50))).to.equal(1);
    expect(mostOf(inOrder(ahead, 150, 150, 128))).to.equal(64);
    expect(ahead.bytesBetweenTouches).to.equal(4 * MIB);
  });

  it('goes on for a reader that reads what was lost, and orders that again', () => {
    const ahead = open();
    inOrder(ahead, 0, 2); // up to 6
    ahead.onRecall(3, 1, 6);
    expect(ahead.onTouch(2, 6)).to.deep.equal({ first: 3, count: 3 });
    ahead.onRecall(3, 3, 6);
    expect(isSome(ahead.onTouch(5, 6)), 'it has been read in between').to.be.true;
  });

  for (const budget of [16, 32, 64, 200]) {
    for (const heardEvery of [1, 4]) {
      it(`has each unit filled once within a budget of ${budget}, a reader being heard of every ${heardEvery} units`, () => {
        const source = new QuickSource(open(), budget);
        for (let at = 0; at < UNITS; at++) source.read(at, at % Math.min(heardEvery, budget / 8) === 0);
        expect(source.fills).to.be.within(UNITS, UNITS * 1.05);
      });
    }
  }

  it('orders nothing beyond the end', () => {
    for (const { first, count } of inOrder(open(7), 0, 7)) expect(first + count).to.be.at.most(7);
    expect(inOrder(open(1), 0, 1)).to.deep.equal([]);
  });
});

import { expect } from 'chai';
import { probe, type OrderAhead, type PageSpan } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';

const MIB = 1 << 20;
const UNIT = 256 << 10;
const UNITS = 1000;

describe('OrderAhead', () => {
  const open = (units = UNITS, unit = UNIT): OrderAhead => new (probe().OrderAhead)(units, unit);
  const isSome = ({ count }: PageSpan) => count > 0;
  /** What a reader orders that goes on from unit to unit. */
  const inOrder = (ahead: OrderAhead, first: number, count: number) =>
    Array.from({ length: count }, (_, at) => ahead.onTouch(first + at)).filter(isSome);

  before(function () {
    requires(this, needs.probe);
  });

  it('orders nothing for a lone touch, nor for touches here and there, nor backwards', () => {
    const ahead = open();
    for (const unit of [500, 20, 700, 699, 698, 3, 900])
      expect(isSome(ahead.onTouch(unit)), `unit ${unit}`).to.be.false;
  });

  it('orders nothing for touches of one and the same unit', () => {
    const ahead = open();
    for (let time = 0; time < 4; time++) expect(isSome(ahead.onTouch(0))).to.be.false;
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
        const order = ahead.onTouch(at);
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
    expect(isSome(ahead.onTouch(4))).to.be.true;
  });

  it('orders less far ahead once units are dropped before the reader has come to them', () => {
    const most = (orders: PageSpan[]) => Math.max(...orders.map(({ count }) => count));
    const ahead = open();
    inOrder(ahead, 0, 200);
    ahead.onLost(201, 1);
    const lost = ahead.onTouch(200);
    expect(most([lost, ...inOrder(ahead, 201, 100)]) * UNIT).to.equal(8 * MIB);
    ahead.onLost(100, 100); // read before
    expect(most(inOrder(ahead, 301, 100)) * UNIT).to.equal(8 * MIB);
    expect(most(inOrder(ahead, 500, 400)) * UNIT, 'another reader').to.equal(16 * MIB);
  });

  it('orders again what was dropped too early', () => {
    const ahead = open();
    inOrder(ahead, 0, 2); // up to 6
    ahead.onLost(3, 1);
    expect(ahead.onTouch(2)).to.deep.equal({ first: 3, count: MIB / UNIT });
  });

  it('orders nothing beyond the end', () => {
    for (const { first, count } of inOrder(open(7), 0, 7)) expect(first + count).to.be.at.most(7);
    expect(inOrder(open(1), 0, 1)).to.deep.equal([]);
  });
});

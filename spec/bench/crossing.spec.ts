import { expect } from 'chai';
import { crossingOf, type Curve } from '../../bench/crossing.js';

const SIZES = [1024, 2048, 4096, 8192];

function curve(...ms: number[]): Curve {
  return ms.map((value, index) => [SIZES[index] ?? NaN, value]);
}

describe('a crossing', () => {
  it('is where the later curve becomes cheaper', () => {
    expect(crossingOf(curve(1, 2, 4, 8), curve(3, 3, 3, 3))).to.be.closeTo(3072, 1);
  });

  it('lies at a measured size where both cost the same there', () => {
    expect(crossingOf(curve(1, 2, 4, 8), curve(2, 2, 2, 2))).to.be.closeTo(2048, 1e-6);
  });

  it('is the last if there are several', () => {
    expect(crossingOf(curve(2, 1, 1, 4), curve(1, 2, 2, 2))).to.be.closeTo(4096 * Math.SQRT2, 1);
  });

  it('is the smallest size when it is cheaper everywhere', () => {
    expect(crossingOf(curve(2, 2, 4, 8), curve(1, 1, 1, 1))).to.equal(1024);
  });

  it('is never when it is not cheaper at the largest size', () => {
    expect(crossingOf(curve(1, 1, 1, 1), curve(2, 2, 2, 2))).to.equal(Infinity);
    expect(crossingOf(curve(9, 1, 1, 1), curve(2, 2, 2, 2))).to.equal(Infinity);
  });

  it('refuses curves of different sizes', () => {
    expect(() => crossingOf(curve(1, 2), [[1024, 1]])).to.throw(RangeError);
  });
});

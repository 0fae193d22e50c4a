import { expect } from 'chai';
import { probe } from '../support/probe.js';
import { Random, runSeed } from '../support/random.js';
import { needs, requires } from '../support/requires.js';

function percentilesOf(nanoseconds: readonly bigint[], shares: readonly number[]): bigint[] {
  return probe().latencyHistogram(nanoseconds, shares).percentiles;
}

describe('LatencyHistogram', () => {
  before(function () {
    requires(this, needs.probe);
  });

  it('of nothing is zero', () => {
    expect(probe().latencyHistogram([], [0, 0.5, 1])).to.deep.equal({ count: 0, max: 0n, percentiles: [0n, 0n, 0n] });
  });

  it('of one duration is that duration', () => {
    for (const duration of [0n, 1n, 3n, 4n, 5n, 1000n, 123_456_789n, 2n ** 63n, 2n ** 64n - 1n]) {
      const expected = { count: 1, max: duration, percentiles: [duration, duration, duration] };
      expect(probe().latencyHistogram([duration], [0, 0.5, 0.99])).to.deep.equal(expected);
    }
  });

  it('shows a rare slow duration only in the last percentile', () => {
    const durations = [...Array<bigint>(99).fill(1000n), 1_000_000n];
    const [p50 = 0n, p98 = 0n, p99, all] = percentilesOf(durations, [0.5, 0.98, 0.99, 1]);
    expect(p50).to.equal(p98);
    expect(p50 >= 1000n && p50 <= 1250n).to.be.true;
    expect([p99, all]).to.deep.equal([1_000_000n, 1_000_000n]);
  });

  it('never reports more than the longest', () => {
    expect(percentilesOf([1025n, 1025n], [0.5])).to.deep.equal([1025n]);
  });

  it('puts every power of two and its neighbours into a bucket that holds it', () => {
    for (let exponent = 1n; exponent < 64n; exponent++) {
      for (const duration of [2n ** exponent - 1n, 2n ** exponent, 2n ** exponent + 1n]) {
        const [value = 0n] = percentilesOf([duration, 2n ** 64n - 1n], [0.4]);
        expect(value >= duration && value <= duration + duration / 4n, `${duration} became ${value}`).to.be.true;
      }
    }
  });

  it(`is never too low, and at most a quarter too high (seed ${runSeed})`, () => {
    const random = new Random(runSeed);
    for (let round = 0; round < 100; round++) {
      const durations = Array.from({ length: 1 + random.below(300) }, () =>
        BigInt(Math.floor(2 ** (random.next() * 40))),
      );
      const sorted = [...durations].sort((a, b) => Number(a - b));
      const share = random.next();
      const exact = sorted[Math.floor(share * sorted.length)] ?? 0n;
      const [value = 0n] = percentilesOf(durations, [share]);
      expect(value >= exact && value <= exact + exact / 4n, `${exact} became ${value} at ${share}`).to.be.true;
    }
  });
});

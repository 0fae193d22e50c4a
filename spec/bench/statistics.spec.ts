import { expect } from 'chai';
import { median, quantile, summarize } from '../../bench/statistics.js';

describe("a bench's statistics", () => {
  it('summarizes values as the median and the spread, in any order', () => {
    expect(summarize([10, 9, 100])).to.deep.equal({ median: 10, least: 9, most: 100, count: 3 });
    expect(summarize([4, 1, 3, 2])).to.deep.equal({ median: 2.5, least: 1, most: 4, count: 4 });
  });

  it('leaves the values as they were', () => {
    const values = [3, 1, 2];
    summarize(values);
    expect(values).to.deep.equal([3, 1, 2]);
  });

  it('refuses to answer for no values', () => {
    for (const ask of [summarize, median, (none: number[]) => quantile(none, 0.5)]) expect(() => ask([])).to.throw();
  });

  it('takes the quantile as the value below which that share of all values lies', () => {
    const values = Array.from({ length: 101 }, (_, index) => 100 - index);
    expect([0, 0.5, 0.99, 1].map((share) => quantile(values, share))).to.deep.equal([0, 50, 99, 100]);
  });
});

import { expect } from 'chai';
import { median, quantile } from '../../bench/median.js';

describe('median', () => {
  it('is the value in the middle, in whatever order the values are', () => {
    expect(median([3, 1, 2])).to.equal(2);
    expect(median([7])).to.equal(7);
  });

  it('is the mean of the two in the middle of an even number of values', () => {
    expect(median([4, 1, 3, 2])).to.equal(2.5);
  });

  it('orders values as numbers, not as text', () => {
    expect(median([10, 9, 100])).to.equal(10);
  });

  it('leaves the values as they were', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).to.deep.equal([3, 1, 2]);
  });

  it('refuses to answer for no values', () => {
    expect(() => median([])).to.throw(RangeError);
  });
});

describe('quantile', () => {
  const values = [5, 3, 1, 4, 2];

  it('is the smallest value that the share of all values does not exceed', () => {
    expect(quantile(values, 0.2)).to.equal(1);
    expect(quantile(values, 0.21)).to.equal(2);
    expect(quantile(values, 0.5)).to.equal(3);
    expect(quantile(values, 0.99)).to.equal(5);
  });

  it('reaches from the least to the greatest value', () => {
    expect(quantile(values, 0)).to.equal(1);
    expect(quantile(values, 1)).to.equal(5);
  });

  it('refuses to answer for no values', () => {
    expect(() => quantile([], 0.5)).to.throw(RangeError);
  });
});

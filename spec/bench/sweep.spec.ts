import { expect } from 'chai';
import { sizeSteps, Sweep, sweepName } from '../../bench/sweep.js';

const KIB = 1024;

/** Two rounds. Copying grows with the size, mapping costs the same at every size, and letters are too slow for 16 KiB. */
const samples = new Map([
  [sweepName('copy', 4 * KIB), [1, 2]],
  [sweepName('copy', 8 * KIB), [2, 4]],
  [sweepName('copy', 16 * KIB), [4, 8]],
  [sweepName('map', 4 * KIB), [3, 2]],
  [sweepName('map', 8 * KIB), [3, 2]],
  [sweepName('map', 16 * KIB), [3, 2]],
  [sweepName('letter', 4 * KIB), [9, 9]],
  [sweepName('letter', 8 * KIB), [9, 9]],
]);
const sweep = new Sweep(samples, sizeSteps(4 * KIB, 16 * KIB, 2));

describe("a bench's sweep over sizes", () => {
  it('goes from one size to the other', () => {
    expect(sizeSteps(4, 256, 4)).to.deep.equal([4, 16, 64, 256]);
    expect(sizeSteps(4, 200, 4)).to.deep.equal([4, 16, 64]);
  });

  it('has a point for each size that was measured', () => {
    expect(sweep.points('letter', 'by letter')).to.deep.equal([
      { line: 'by letter', x: 4 * KIB, median: 9, least: 9, most: 9, count: 2 },
      { line: 'by letter', x: 8 * KIB, median: 9, least: 9, most: 9, count: 2 },
    ]);
  });

  it('finds the crossing of each round', () => {
    const [first = NaN, second] = sweep.crossings('copy', 'map');
    expect(first).to.be.within(8 * KIB, 16 * KIB);
    expect(second).to.equal(4 * KIB);
  });

  it('compares at the sizes at which both were measured', () => {
    expect(sweep.crossings('letter', 'map')).to.deep.equal([4 * KIB, 4 * KIB]);
    expect(sweep.crossings('map', 'letter')).to.deep.equal([Infinity, Infinity]);
  });

  it('names the sizes on its axis', () => {
    expect(sweep.axis.marks.map(([, label]) => label)).to.deep.equal(['4 KiB', '8 KiB', '16 KiB']);
  });
});

import { expect } from 'chai';
import { coresOf, parseCoreList } from '../../../bench/channel/placement.js';

describe('where two processes of a bench are', () => {
  it('is two different cores, one for both, or wherever the scheduler likes', () => {
    expect(coresOf('apart', [3, 5, 7])).to.deep.equal([3, 5]);
    expect(coresOf('same', [3, 5, 7])).to.deep.equal([3, 3]);
    expect(coresOf('any', [3])).to.deep.equal([-1, -1]);
  });

  it('is undefined if there are not enough cores', () => {
    expect(coresOf('apart', [3])).to.be.undefined;
    expect(coresOf('same', [3])).to.deep.equal([3, 3]);
    expect(coresOf('same', [])).to.be.undefined;
  });

  it("is read from the kernel's list", () => {
    expect(parseCoreList('0-1')).to.deep.equal([0, 1]);
    expect(parseCoreList('2')).to.deep.equal([2]);
    expect(parseCoreList('0-2,8,10-11')).to.deep.equal([0, 1, 2, 8, 10, 11]);
    expect(parseCoreList('')).to.deep.equal([]);
  });
});

import { expect } from 'chai';
import { judge, type Comparison } from '../../bench/comparison.js';

const samples = new Map([
  ['quick', [1, 2, 90]],
  ['slow', [9, 10, 11]],
]);

function verdict(limits: Pick<Comparison, 'fasterBy' | 'slowerBy'>): string {
  return judge({ what: 'a race', ours: 'quick', peer: 'slow', ...limits }, samples).verdict;
}

describe("a bench's comparison", () => {
  it('sets the medians in relation: how often ours fits into the peer', () => {
    const { oursMedian, peerMedian, ratio } = judge({ what: 'a race', ours: 'quick', peer: 'slow' }, samples);
    expect({ oursMedian, peerMedian, ratio }).to.deep.equal({ oursMedian: 2, peerMedian: 10, ratio: 5 });
  });

  it('meets a target to be faster by at least as much', () => {
    expect(verdict({ fasterBy: 5 })).to.equal('met');
    expect(verdict({ fasterBy: 5.1 })).to.equal('MISSED');
  });

  it('meets a target to be slower by at most as much', () => {
    expect(verdict({ slowerBy: 0.2 })).to.equal('met');
    expect(verdict({ slowerBy: 0.19 })).to.equal('MISSED');
  });

  it('has no verdict without a target', () => {
    expect(verdict({})).to.equal('');
  });

  it('fails when nothing was measured by that name', () => {
    expect(() => judge({ what: 'a race', ours: 'quick', peer: 'nobody' }, samples)).to.throw(RangeError);
  });
});

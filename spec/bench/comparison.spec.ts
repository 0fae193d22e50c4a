import { expect } from 'chai';
import { judge, withMeasuredPeer, type Comparison } from '../../bench/comparison.js';

const samples = new Map([
  ['quick', [1, 2, 90]],
  ['slow', [9, 10, 11]],
]);

function judged(limits: Partial<Comparison>) {
  return judge({ what: 'a race', ours: 'quick', peer: 'slow', ...limits }, samples);
}

function verdict(limits: Partial<Comparison>): string {
  return judged(limits).verdict;
}

describe("a bench's comparison", () => {
  it("divides the medians: how often ours fits into the peer's", () => {
    const { oursSummary, peerSummary, ratio } = judged({});
    expect([oursSummary.median, peerSummary?.median, ratio?.median]).to.deep.equal([2, 10, 5]);
  });

  it('takes the spread of the ratio from the ratios of the single rounds', () => {
    const { ratio } = judged({});
    expect([ratio?.least, ratio?.most]).to.deep.equal([11 / 90, 9]);
  });

  it('meets a target to be faster by at least as much', () => {
    expect(verdict({ fasterBy: 5 })).to.equal('met');
    expect(verdict({ fasterBy: 5.1 })).to.equal('MISSED');
  });

  it('meets a target to be slower by at most as much', () => {
    expect(verdict({ slowerBy: 0.2 })).to.equal('met');
    expect(verdict({ slowerBy: 0.19 })).to.equal('MISSED');
  });

  it('inverts the ratio if more is better', () => {
    const rate = { unit: 'rate', ours: 'slow', peer: 'quick' } as const;
    expect(judged(rate).ratio?.median).to.equal(5);
    expect([verdict({ ...rate, fasterBy: 5 }), verdict({ ...rate, fasterBy: 5.1 })]).to.deep.equal(['met', 'MISSED']);
    expect(verdict({ ...rate, ours: 'quick', peer: 'slow', slowerBy: 4 })).to.equal('MISSED');
  });

  it('holds a measurement without a peer to a figure of its own', () => {
    const { oursSummary, verdict, ratio } = judge({ what: 'a fault', ours: 'quick', atMost: 2 }, samples);
    expect([oursSummary.median, verdict, ratio]).to.deep.equal([2, 'met', undefined]);
    expect(judge({ what: 'a fault', ours: 'quick', atMost: 1.9 }, samples).verdict).to.equal('MISSED');
    expect(judge({ what: 'a fault', ours: 'quick', atLeast: 2 }, samples).verdict).to.equal('met');
    expect(judge({ what: 'a fault', ours: 'quick', atLeast: 2.1 }, samples).verdict).to.equal('MISSED');
  });

  it('misses when one of two targets is missed', () => {
    expect(verdict({ fasterBy: 5, atMost: 2 })).to.equal('met');
    expect(verdict({ fasterBy: 5, atMost: 1 })).to.equal('MISSED');
  });

  it('has no verdict without a target', () => {
    expect(verdict({})).to.equal('');
  });

  it('is left out where the peer could not be measured', () => {
    const [race, alone, absent] = [
      { what: 'a race', ours: 'quick', peer: 'slow' },
      { what: 'alone', ours: 'quick' },
      { what: 'absent', ours: 'quick', peer: 'nobody' },
    ];
    expect(withMeasuredPeer([race, alone, absent], samples)).to.deep.equal([race, alone]);
  });

  it('fails when nothing was measured by that name', () => {
    expect(() => judge({ what: 'a race', ours: 'quick', peer: 'nobody' }, samples)).to.throw();
    expect(() => judge({ what: 'a race', ours: 'nobody' }, samples)).to.throw();
  });
});

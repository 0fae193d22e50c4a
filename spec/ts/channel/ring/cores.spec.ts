import { expect } from 'chai';
import { Cores } from '#ts/channel/ring/cores.js';
import { CORE_WORD, regionBytes, ringWrittenBy } from '#ts/channel/ring/layout.js';

const SIZE = { slots: 2, slotBytes: 56 };
const [first, second] = [ringWrittenBy('opener', SIZE), ringWrittenBy('acceptor', SIZE)];

/** Two sides, and the cores on which they run. */
function twoSides() {
  const words = new Int32Array(regionBytes(SIZE, 4096) / 4);
  const at = { opener: 0, acceptor: 0 };
  return {
    words,
    at,
    opener: new Cores(words, first, second, () => at.opener),
    acceptor: new Cores(words, second, first, () => at.acceptor),
  };
}

describe('the cores of the two sides', () => {
  it('count as different until the other side has stored its own', () => {
    const { opener, acceptor } = twoSides();
    expect(opener.areApart()).to.be.true;
    expect(acceptor.areApart()).to.be.false;
    expect(opener.areApart()).to.be.false;
    expect(opener.wereApart).to.be.false;
  });

  it('are different if the sides say so, also after one of them has moved', () => {
    const { opener, acceptor, at } = twoSides();
    acceptor.areApart();
    at.opener = 3;
    expect(opener.areApart()).to.be.true;
    at.acceptor = 3;
    expect(acceptor.areApart()).to.be.false;
    expect(opener.areApart()).to.be.false;
    at.opener = 1;
    expect(opener.areApart()).to.be.true;
    expect(acceptor.areApart()).to.be.true;
  });

  it('count as different if a side cannot tell', () => {
    const { opener, acceptor, at, words } = twoSides();
    Object.assign(at, { opener: -1, acceptor: -1 });
    expect([acceptor.areApart(), opener.areApart()]).to.deep.equal([true, true]);
    expect(words[first.firstWord + CORE_WORD]).to.equal(0);
  });

  it('are only a hint, whatever the other side writes', () => {
    const { opener, words } = twoSides();
    for (const value of [-1, 2 ** 31 - 1, -(2 ** 31), 77]) {
      words[second.firstWord + CORE_WORD] = value;
      expect(opener.areApart(), String(value)).to.be.true;
    }
    words[second.firstWord + CORE_WORD] = 1;
    expect(opener.areApart()).to.be.false;
  });

  it('are stored in the word that docs/channel.md names, to which nobody else writes', () => {
    const { opener, words, at } = twoSides();
    at.opener = 6;
    opener.areApart();
    expect([...words.entries()].filter(([, value]) => value !== 0)).to.deep.equal([[(1024 + 640) / 4, 7]]);
  });
});

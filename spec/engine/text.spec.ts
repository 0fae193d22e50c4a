import { expect } from 'chai';
import { probe } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';

const STATUS = 'Name:\tnode\nNSpid:\t4711\t12\nSeccomp:\t2\n';

describe("the kernel's text files", () => {
  before(function () {
    requires(this, needs.probe);
  });

  it('are split into lines, whether or not the last line has an end', () => {
    expect(probe().lines('a\n\nb\n')).to.deep.equal(['a', '', 'b']);
    expect(probe().lines('a\nb')).to.deep.equal(['a', 'b']);
    expect(probe().lines('')).to.deep.equal([]);
  });

  it('have numbers up to the first thing that is none', () => {
    expect(probe().numbersIn('         0       1000 4294967295\n')).to.deep.equal([0n, 1000n, 4294967295n]);
    expect(probe().numbersIn('12.34')).to.deep.equal([12n]);
    for (const none of ['max', '', '   ', '-1', '\n7']) expect(probe().numbersIn(none), none).to.deep.equal([]);
  });

  it('have no number that needs more than 64 bits', () => {
    expect(probe().numbersIn('18446744073709551615')).to.deep.equal([2n ** 64n - 1n]);
    expect(probe().numbersIn('18446744073709551616')).to.deep.equal([]);
  });

  it('have lines that are found by their start, and not by what they contain', () => {
    expect(probe().valueOfLine('NSpid:', STATUS)).to.equal('\t4711\t12');
    expect(probe().valueOfLine('Seccomp:', STATUS)).to.equal('\t2');
    expect(probe().valueOfLine('pid:', STATUS)).to.equal(null);
    expect(probe().valueOfLine('Seccomp_filters:', STATUS)).to.equal(null);
  });

  it('have fields after a name that may contain anything', () => {
    const stat = '7 (a) b (c) S 1 2 3';
    expect(probe().fromFieldOfStat(stat, 3)).to.equal('S 1 2 3');
    expect(probe().fromFieldOfStat(stat, 5)).to.equal('2 3');
    for (const [text, field] of [
      [stat, 7],
      ['', 3],
      ['7 node S 1', 3],
      ['7 (node)', 3],
    ] as const) {
      expect(probe().fromFieldOfStat(text, field), `field ${field} of ${text}`).to.equal('');
    }
  });
});

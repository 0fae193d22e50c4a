import { expect } from 'chai';
import { Code } from '../support/codes.js';
import { probe } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';

const [R, W, X] = [1, 2, 4];
const ALL = R | W | X;
const DROPS = ALL << 3;

function lettersOf(rights: number): string {
  return `${rights & R ? 'R' : ''}${rights & W ? 'W' : ''}${rights & X ? 'X' : ''}` || 'nothing';
}

function expectedCode(flags: number, held: number): number {
  const [granted, dropped] = [flags & ALL, (flags & DROPS) >> 3];
  if (flags > (ALL | DROPS) || granted === 0) return Code.InvalidArgument;
  // No machine has memory that can be written or run but not read.
  if (dropped & R && held & ~dropped & (W | X)) return Code.InvalidArgument;
  const usable = held & W ? held | R : held;
  return (granted & ~usable) === 0 ? Code.Ok : Code.NotPermitted;
}

function codeOf(flags: number, held: number): number {
  return probe().checkFlags(flags, held)?.code ?? Code.Ok;
}

describe('check_flags', () => {
  before(function () {
    requires(this, needs.probe);
  });

  for (let held = 0; held <= ALL; held++) {
    it(`holding ${lettersOf(held)}: every grant, with and without drops and unknown bits`, () => {
      for (let flags = 0; flags < 256; flags++) {
        expect(codeOf(flags, held), `flags ${flags}, held ${lettersOf(held)}`).to.equal(expectedCode(flags, held));
      }
    });
  }

  it('looks at every bit', () => {
    for (let bit = 6; bit < 32; bit++) expect(codeOf(2 ** bit + R, ALL), `bit ${bit}`).to.equal(Code.InvalidArgument);
  });

  it('names the missing rights, the held rights and, for X, where it comes from', () => {
    const message = probe().checkFlags(R | X, R | W)?.message;
    expect(message).to.include('X').and.to.include('RW').and.to.include('executable: true');
  });
});

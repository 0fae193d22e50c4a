import { expect } from 'chai';
import * as vmoffer from 'vmoffer';
import { checkFlags, describeFlags } from '#ts/flags.js';
import { describeValue } from '#ts/validate.js';
import { thrownBy } from '../support/vmo-error.js';

const GRANTS = Array.from({ length: 7 }, (_, index) => index + 1);

function refusalOf(flags: unknown, code: vmoffer.VmoErrorCode = 'ERR_VMO_INVALID_ARGUMENT'): string {
  return thrownBy(() => {
    checkFlags(flags);
  }, code).message;
}

describe('flags', () => {
  it('have the values of the design', () => {
    const { VMO_GRANT_R, VMO_GRANT_W, VMO_GRANT_X, VMO_GRANTALL } = vmoffer;
    const { VMO_DROP_R, VMO_DROP_W, VMO_DROP_X, VMO_DISOWN } = vmoffer;
    expect([VMO_GRANT_R, VMO_GRANT_W, VMO_GRANT_X, VMO_GRANTALL]).to.deep.equal([1, 2, 4, 7]);
    expect([VMO_DROP_R, VMO_DROP_W, VMO_DROP_X, VMO_DISOWN]).to.deep.equal([8, 16, 32, 56]);
  });

  for (const flags of GRANTS) {
    it(`accept the grant of ${describeFlags(flags)}`, () => {
      checkFlags(flags);
    });
  }

  for (const flags of ['1', 1n, null, undefined, NaN, 1.5, -1, Infinity, [1], {}]) {
    it(`are refused when they are ${describeValue(flags)}`, () => {
      expect(refusalOf(flags)).to.include('VMO_GRANT_*');
    });
  }

  it('are refused with unknown bits, naming the value and the known ones', () => {
    expect(refusalOf(64 | 1))
      .to.include('65')
      .and.to.include('63');
    expect(refusalOf(2 ** 32 + 1)).to.include('4294967297');
  });

  it('are refused if they grant nothing, whatever they drop', () => {
    expect(refusalOf(0)).to.include('grants nothing');
    expect(refusalOf(vmoffer.VMO_DISOWN)).to.include('grants nothing').and.to.include('VMO_GRANT_R');
  });

  it('are refused if they would leave write-only memory', () => {
    expect(refusalOf(vmoffer.VMO_GRANT_R | vmoffer.VMO_DROP_R)).to.include('VMO_DROP_W');
    expect(refusalOf(vmoffer.VMO_GRANT_R | vmoffer.VMO_DROP_R | vmoffer.VMO_DROP_X)).to.include('write-only');
  });

  for (const drop of ['VMO_DROP_W', 'VMO_DROP_X', 'VMO_DISOWN'] as const) {
    it(`may drop rights with ${drop}`, () => {
      checkFlags(vmoffer.VMO_GRANT_R | vmoffer[drop]);
    });
  }

  it('are printed by name', () => {
    expect(describeFlags(1)).to.equal('VMO_GRANT_R');
    expect(describeFlags(2 | 16)).to.equal('VMO_GRANT_W | VMO_DROP_W');
    expect(describeFlags(0)).to.equal('0');
  });
});

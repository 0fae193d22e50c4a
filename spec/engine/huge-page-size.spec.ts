import { expect } from 'chai';
import { probe } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';

const KIB = 1024;
const MIB = 1024 * KIB;

describe('the size of huge pages', () => {
  before(function () {
    requires(this, needs.probe);
  });

  it('is what the kernel says', () => {
    expect(probe().hugePageBytes(2 * MIB, 4 * KIB)).to.equal(2 * MIB);
    expect(probe().hugePageBytes(512 * MIB, 64 * KIB)).to.equal(512 * MIB);
  });

  for (const [pageKib, hugeMib] of [
    [4, 2],
    [16, 32],
    [64, 512],
  ] as const) {
    it(`is ${hugeMib} MiB with pages of ${pageKib} KiB if the kernel says nothing, or nonsense`, () => {
      for (const told of [0, 1, pageKib * KIB, 3 * MIB]) {
        expect(probe().hugePageBytes(told, pageKib * KIB), `${told}`).to.equal(hugeMib * MIB);
      }
    });
  }

  it('makes the steps of bulk work longer if less cannot be installed', () => {
    for (const pageBytes of [4 * KIB, 64 * KIB, 2 * MIB]) expect(probe().stepBytes(pageBytes)).to.equal(2 * MIB);
    expect(probe().stepBytes(512 * MIB)).to.equal(512 * MIB);
  });
});

import { expect } from 'chai';
import { faultOfFlags, faultOfRecord } from '#cluster/agent/records.js';
import {
  checkInside,
  DIGEST_BYTES,
  rangeOfUnit,
  unitOfRange,
  withDigest,
  withoutDigest,
} from '#cluster/agent/units.js';
import { VMO_DISOWN, VMO_DROP_W, VMO_GRANT_R, VMO_GRANT_W, VMO_GRANT_X } from 'vmoffer';
import { makeRecord } from './support/records.js';

const UNIT = 65_536;
const BYTES = 2 * UNIT + 4096;

describe('the units of an object of another host', () => {
  it('are as they are where there are no digests', () => {
    const grid = { byteLength: BYTES, unit: UNIT, hasDigests: false };
    expect(rangeOfUnit(1, grid)).to.deep.equal({ offset: UNIT, byteLength: UNIT });
    expect(rangeOfUnit(2, grid)).to.deep.equal({ offset: 2 * UNIT, byteLength: 4096 });
    expect(() => {
      checkInside({ offset: 2 * UNIT, byteLength: 4097 }, BYTES);
    }).to.throw(RangeError);
  });

  it('are each followed by a digest, and asked for as a whole', () => {
    const grid = { byteLength: BYTES, unit: UNIT, hasDigests: true };
    for (const index of [0, 1, 2]) expect(unitOfRange(rangeOfUnit(index, grid), grid)).to.equal(index);
    const last = rangeOfUnit(2, grid);
    expect(last).to.deep.equal({ offset: 2 * (UNIT + DIGEST_BYTES), byteLength: 4096 + DIGEST_BYTES });
    const wrong = [
      { ...last, byteLength: last.byteLength - 1 },
      { ...last, offset: last.offset + 1 },
      { offset: 3 * (UNIT + DIGEST_BYTES), byteLength: DIGEST_BYTES },
    ];
    for (const range of wrong) expect(() => unitOfRange(range, grid)).to.throw(RangeError);
  });

  it('are refused where a bit of them, or of their digest, has changed', () => {
    const bytes = Buffer.alloc(4096, 7);
    const sealed = withDigest(bytes);
    expect(Buffer.compare(withoutDigest(sealed), bytes)).to.equal(0);
    for (const at of [0, 4095, 4096, sealed.length - 1]) {
      const changed = Uint8Array.from(sealed, (byte, index) => (index === at ? byte ^ 1 : byte));
      expect(() => withoutDigest(changed)).to.throw(/SHA-256/);
    }
  });
});

describe('a record of another peer', () => {
  const LIMIT = 2 ** 30;
  const fault = (changes: Parameters<typeof makeRecord>[2]) => faultOfRecord(makeRecord('a', 'b', changes), LIMIT);

  it('is taken where nothing is wrong with it', () => {
    expect(fault({})).to.equal(undefined);
    expect(fault({ flags: VMO_GRANT_R | VMO_DROP_W, object: 'o', digests: 'o' })).to.equal(undefined);
    expect(fault({ flags: VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN })).to.equal(undefined);
  });

  const wrong = {
    'an address that is none': { address: '7f00' },
    'no bytes': { byteLength: 0 },
    'a part of a page': { byteLength: 4097 },
    'too many bytes': { byteLength: LIMIT + 4096 },
    'a length that no number holds': { byteLength: 2 ** 60 },
    'flags that two hosts cannot have': { flags: VMO_GRANT_R | VMO_GRANT_W },
    'flags that nobody knows': { flags: 1 << 20 },
    'an object with a subject in its name': { object: 'a.>' },
    'a unit of a byte': { unit: 1 },
    'a unit that fits no message': { unit: 1 << 20 },
    'a unit that is no power of two': { unit: 100_000 },
    'digests elsewhere': { digests: 'other' },
  };
  for (const [what, changes] of Object.entries(wrong)) {
    it(`is refused with ${what}`, () => {
      expect(fault(changes)).to.be.a('string');
    });
  }

  it('cannot grant X, nor leave R out', () => {
    expect(faultOfFlags(VMO_GRANT_R | VMO_GRANT_X | VMO_DISOWN)).to.include('X');
    expect(faultOfFlags(VMO_GRANT_W | VMO_DISOWN)).to.include('VMO_GRANT_R');
  });
});

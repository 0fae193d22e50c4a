import { expect } from 'chai';
import { Code } from '../support/codes.js';
import { probe, type ObjectFacts, type WireTerms } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';

const PAGE = 4096;
const [R, W, X] = [1, 2, 4];

function terms(changes: Partial<WireTerms> = {}): WireTerms {
  return { offerId: 1n, address: 0x7000n, byteLength: 8192n, objectOffset: 0n, flags: R, ...changes };
}

function facts(changes: Partial<ObjectFacts> = {}): ObjectFacts {
  const sound = { isMemory: true, isHugetlb: false, sealedShrink: true, sealedGrow: true, sealedWrite: false };
  return { ...sound, access: 'read-only', byteLength: 8192n, ...changes };
}

describe('check_terms', () => {
  before(function () {
    requires(this, needs.probe);
  });

  const refusalOf = (changes: Partial<WireTerms>) => probe().checkTerms(terms(changes), 0x7000n, PAGE);

  it('accepts terms that match the request, with every grant', () => {
    for (let flags = 1; flags <= (R | W | X); flags++) expect(refusalOf({ flags })).to.equal(null);
    for (let drops = 0; drops <= 56; drops += 8) expect(refusalOf({ flags: drops | R })).to.equal(null);
    for (const byteLength of [4096n, 2n ** 40n]) expect(refusalOf({ byteLength })).to.equal(null);
  });

  const bad: [name: string, changes: Partial<WireTerms>, word: string][] = [
    ['another address', { address: 0x8000n }, 'address'],
    ['no length', { byteLength: 0n }, 'whole pages'],
    ['a length that is not whole pages', { byteLength: 4097n }, 'whole pages'],
    ['the longest number as length', { byteLength: 2n ** 64n - 1n }, 'whole pages'],
    ['a part of an object', { objectOffset: 4096n }, 'part'],
    ['no grant', { flags: 0 }, 'flags'],
    ['a drop without a grant', { flags: 56 }, 'flags'],
    ['unknown flags', { flags: 256 | R }, 'flags'],
    ['a kind that there is not', { flags: (3 << 6) | R }, 'flags'],
    ['all flag bits', { flags: 2 ** 32 - 1 }, 'flags'],
  ];
  for (const [name, changes, word] of bad) {
    it(`refuses ${name}`, () => {
      const refusal = refusalOf(changes);
      expect(refusal?.code).to.equal(Code.Protocol);
      expect(refusal?.message).to.include(word);
    });
  }
});

describe('check_terms of a kind', () => {
  before(function () {
    requires(this, needs.probe);
  });

  const kinds = ['memory', 'channel', 'message'] as const;
  for (const [offered, name] of kinds.entries()) {
    for (const wanted of kinds) {
      it(`${wanted} is wanted and ${name} offered: ${wanted === name ? 'accepted' : 'not offered'}`, () => {
        const refusal = probe().checkTerms(terms({ flags: (offered << 6) | R }), 0x7000n, PAGE, wanted);
        expect(refusal?.code).to.equal(wanted === name ? undefined : Code.NotOffered);
        if (refusal) expect(refusal.message).to.include(name).and.to.include(wanted);
      });
    }
  }
});

describe('check_object', () => {
  before(function () {
    requires(this, needs.probe);
  });

  const refusalOf = (changes: Partial<ObjectFacts>, flags = R, transfer: 'map' | 'pull' = 'map') =>
    probe().checkObject(facts(changes), terms({ flags }), transfer);

  it('refuses memory from the huge page pool unless it is asked for', () => {
    for (const transfer of ['map', 'pull'] as const) {
      const refusal = probe().checkObject(facts({ isHugetlb: true }), terms({ flags: R }), transfer);
      expect(refusal?.code).to.equal(Code.NotPermitted);
      expect(refusal?.message).to.include('hugetlb: true');
      expect(probe().checkObject(facts({ isHugetlb: true }), terms({ flags: R }), transfer, true)).to.equal(null);
    }
  });

  const promises = [
    { flags: R, access: 'read-only' },
    { flags: X, access: 'read-only' },
    { flags: R | X, access: 'read-only' },
    { flags: W, access: 'read-write' },
    { flags: R | W, access: 'read-write' },
    { flags: W | X, access: 'read-write' },
    { flags: R | W | X, access: 'read-write' },
  ];
  for (const { flags, access: promised } of promises) {
    for (const access of ['none', 'read-only', 'read-write'] as const) {
      it(`flags ${flags} with access ${access}: ${access === promised ? 'accepted' : 'refused'}`, () => {
        const refusal = refusalOf({ access }, flags);
        if (access === promised) expect(refusal).to.equal(null);
        else expect(refusal?.code).to.equal(Code.Protocol);
      });
    }
  }

  const bad: [name: string, changes: Partial<ObjectFacts>, word: string][] = [
    ['what is no memory object', { isMemory: false }, 'memfd'],
    ['an object that can shrink', { sealedShrink: false }, 'shrinking'],
    ['an object that can grow', { sealedGrow: false }, 'growing'],
    ['an object that is too short', { byteLength: 4096n }, '4096'],
    ['an object that is too long', { byteLength: 12_288n }, '12288'],
    ['an empty object', { byteLength: 0n }, '0 bytes'],
  ];
  for (const [name, changes, word] of bad) {
    it(`refuses ${name}, even if everything else is right`, () => {
      for (const others of [{}, { sealedWrite: true }, { isHugetlb: true }]) {
        for (const transfer of ['map', 'pull'] as const) {
          const refusal = refusalOf({ ...others, ...changes }, R, transfer);
          expect(refusal?.code).to.equal(Code.Protocol);
          expect(refusal?.message).to.include(word);
        }
      }
    });
  }

  for (const [name, kind] of [
    ['a channel', 1],
    ['a message', 2],
  ] as const) {
    it(`refuses memory from the huge page pool for ${name}, but accepts other memory`, () => {
      for (const transfer of ['map', 'pull'] as const) {
        const flags = (kind << 6) | R;
        expect(refusalOf({}, flags, transfer)).to.equal(null);
        const refusal = refusalOf({ isHugetlb: true }, flags, transfer);
        expect(refusal?.code).to.equal(Code.Protocol);
        expect(refusal?.message).to.include('huge page pool');
      }
    });
  }

  it('accepts an immutable object for reading', () => {
    expect(refusalOf({ sealedWrite: true })).to.equal(null);
  });

  it('pulls through any descriptor that can be read, whatever was granted', () => {
    for (let flags = 1; flags <= (R | W | X); flags++) {
      for (const access of ['read-only', 'read-write'] as const)
        expect(refusalOf({ access }, flags, 'pull')).to.equal(null);
      expect(refusalOf({ access: 'none' }, flags, 'pull')?.code).to.equal(Code.Protocol);
    }
  });
});

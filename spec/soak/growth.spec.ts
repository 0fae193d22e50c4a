import { expect } from 'chai';
import type { Burden, Counter } from '../../soak/burden.js';
import { BOUNDS, growthOf, type Sample } from '../../soak/growth.js';

const FLAT: Burden = {
  descriptors: 60,
  mappings: 230,
  threads: 16,
  resident: 8e7,
  external: 2e6,
  buffers: 0,
  heap: 7e6,
};

/** One sample for every 1000 operations. */
function samplesOf(counter: Counter, values: readonly number[]): Sample[] {
  return values.map((value, at) => ({ operations: at * 1000, burden: { ...FLAT, [counter]: value } }));
}

function tooMuch(samples: readonly Sample[]): Counter[] {
  return growthOf(samples)
    .filter(({ isTooMuch }) => isTooMuch)
    .map(({ counter }) => counter);
}

describe('the growth of a soak', () => {
  it('is zero if nothing changes', () => {
    expect(
      tooMuch(
        samplesOf(
          'heap',
          Array.from({ length: 20 }, () => 7e6),
        ),
      ),
    ).to.deep.equal([]);
  });

  it('is too much if one descriptor stays for every hundred operations', () => {
    expect(
      tooMuch(
        samplesOf(
          'descriptors',
          Array.from({ length: 20 }, (_, at) => 60 + at * 10),
        ),
      ),
    ).to.deep.equal(['descriptors']);
  });

  it('is given per million operations', () => {
    const growth = growthOf(
      samplesOf(
        'mappings',
        Array.from({ length: 20 }, (_, at) => 200 + at * 3),
      ),
    );
    expect(growth.find(({ counter }) => counter === 'mappings')?.perMillion).to.be.closeTo(3000, 0.1);
  });

  it('leaves out the growth of the warm-up', () => {
    const values = [10, 40, 70, 100, 100, 100, 100, 100, 100, 100, 100, 100];
    expect(tooMuch(samplesOf('threads', values))).to.deep.equal([]);
  });

  it('is unknown after only a few samples', () => {
    expect(growthOf(samplesOf('descriptors', [60, 600, 6000, 60000]))).to.deep.equal([]);
  });

  for (const [counter, { rise }] of Object.entries(BOUNDS) as [Counter, { rise: number }][]) {
    it(`allows ${counter} a rise within the noise, and no more`, () => {
      const values = (end: number) => Array.from({ length: 16 }, (_, at) => FLAT[counter] + (end * at) / 15);
      expect(tooMuch(samplesOf(counter, values(rise)))).to.deep.equal([]);
      expect(tooMuch(samplesOf(counter, values(rise * 2)))).to.deep.equal([counter]);
    });
  }
});

import { expect } from 'chai';
import {
  DESCRIPTION_BYTES,
  readDescription,
  writeDescription,
  type Description,
} from '#ts/channel/enclosed/enclosure.js';
import { MIN_SLOT_BYTES } from '#ts/channel/ring/layout.js';
import { Random, runSeed } from '../../../support/random.js';
import { thrownBy } from '../../../support/vmo-error.js';

const PAGE = 4096;
const good: Description = { address: 0x7fff_ffff_f000n, byteLength: 2 ** 40, dataBytes: 2 ** 40 - 1 };

function written(description: Description): Int32Array {
  const words = new Int32Array(10).fill(-1);
  writeDescription(words, 2, description);
  return words;
}

describe('the description of an enclosure', () => {
  it('fits the smallest slot', () => {
    expect(DESCRIPTION_BYTES).to.be.at.most(MIN_SLOT_BYTES);
  });

  it('is little-endian, and three long words', () => {
    const words = written({ address: 0x7f12_3456_7000n, byteLength: 2 ** 33 + PAGE, dataBytes: 5 });
    expect(Buffer.from(words.buffer).toString('hex')).to.equal(
      ['ffffffffffffffff', '00705634127f0000', '0010000002000000', '0500000000000000', 'ffffffffffffffff'].join(''),
    );
  });

  it('is read as it was written', () => {
    for (const description of [good, { address: 4096n, byteLength: PAGE, dataBytes: 0 }]) {
      expect(readDescription(written(description), 2, PAGE)).to.deep.equal(description);
    }
  });

  const wrong: [what: string, changes: Partial<Description>][] = [
    ['no address', { address: 0n }],
    ['an address inside a page', { address: 4097n }],
    ['an address of the kernel', { address: 1n << 63n }],
    ['no bytes', { byteLength: 0, dataBytes: 0 }],
    ['half a page', { byteLength: 2048, dataBytes: 1 }],
    ['more data than memory', { byteLength: PAGE, dataBytes: PAGE + 1 }],
    ['more memory than a number holds', { byteLength: 2 ** 60 }],
  ];
  for (const [what, changes] of wrong) {
    it(`is refused with ${what}`, () => {
      thrownBy(() => readDescription(written({ ...good, ...changes }), 2, PAGE), 'ERR_VMO_PROTOCOL');
    });
  }

  it(`is valid or refused, whatever the words are (seed ${runSeed})`, () => {
    const random = new Random(runSeed);
    for (let round = 0; round < 10_000; round++) {
      const words = Int32Array.from({ length: 6 }, () => random.pick([0, 4096, -1, 0x7fff, random.below(2 ** 32) | 0]));
      try {
        const { address, byteLength, dataBytes } = readDescription(words, 0, PAGE);
        expect(address % 4096n).to.equal(0n);
        expect(byteLength % PAGE).to.equal(0);
        expect(dataBytes).to.be.within(0, byteLength);
      } catch (error) {
        expect(error).to.have.property('code', 'ERR_VMO_PROTOCOL');
      }
    }
  });
});

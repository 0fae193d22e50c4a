import { expect } from 'chai';
import {
  checkRegionBytes,
  CLOSED_WORD,
  CORE_WORD,
  fitsRings,
  HEAD_WORD,
  MAX_RINGS_BYTES,
  MAX_SLOTS,
  MIN_SLOT_BYTES,
  MIN_SLOTS,
  otherSide,
  readHeader,
  READER_SLEEPS_WORD,
  regionBytes,
  ringWrittenBy,
  SLOT_HEADER_BYTES,
  TAIL_WORD,
  WRITER_SLEEPS_WORD,
  writeHeader,
  type RingSize,
} from '#ts/channel/ring/layout.js';
import { readProjectFile } from '../../../support/project.js';
import { thrownBy } from '../../../support/vmo-error.js';

const PAGE = 4096;
const SIZES: RingSize[] = [
  { slots: 2, slotBytes: 56 },
  { slots: 4, slotBytes: 120 },
  { slots: 3, slotBytes: 57 },
  { slots: 128, slotBytes: 1024 },
  { slots: 65_536, slotBytes: 1000 },
];

function wordsOf(size: RingSize, pageSize = PAGE): Int32Array {
  const words = new Int32Array(regionBytes(size, pageSize) / 4);
  writeHeader(words, size);
  return words;
}

describe('the layout of a channel', () => {
  for (const size of SIZES) {
    it(`keeps ${size.slots} slots of ${size.slotBytes} bytes apart, and inside whole pages`, () => {
      for (const pageSize of [4096, 65_536]) {
        const byteLength = regionBytes(size, pageSize);
        expect(byteLength % pageSize).to.equal(0);
        const [first, second] = [ringWrittenBy('opener', size), ringWrittenBy('acceptor', size)];
        expect(first.firstSlot).to.equal(4096);
        for (const ring of [first, second]) {
          expect(ring.firstSlot % 64).to.equal(0);
          expect(ring.strideBytes % 64).to.equal(0);
          expect(ring.strideBytes).to.be.within(SLOT_HEADER_BYTES + size.slotBytes, size.slotBytes + 71);
        }
        expect(second.firstSlot).to.equal(first.firstSlot + size.slots * first.strideBytes);
        expect(second.firstSlot + size.slots * second.strideBytes).to.be.at.most(byteLength);
      }
    });
  }

  it('keeps words that are written at run time 128 bytes apart', () => {
    const size = { slots: 2, slotBytes: 56 };
    const offsets = (['opener', 'acceptor'] as const).flatMap((side) =>
      [HEAD_WORD, TAIL_WORD, WRITER_SLEEPS_WORD, READER_SLEEPS_WORD, CLOSED_WORD, CORE_WORD].map(
        (word) => 4 * (ringWrittenBy(side, size).firstWord + word),
      ),
    );
    for (const offset of offsets) {
      expect(offset % 128, `offset ${offset}`).to.equal(0);
      expect(offset).to.be.within(128, 4096 - 128);
    }
    expect(new Set(offsets).size).to.equal(12);
  });

  it('knows the other side', () => {
    expect(otherSide('opener')).to.equal('acceptor');
    expect(otherSide('acceptor')).to.equal('opener');
  });

  it('has the bytes of the example in docs/channel.md', () => {
    const words = wordsOf({ slots: 4, slotBytes: 120 });
    const bytes = Buffer.from(words.buffer, 0, 16).toString('hex').replace(/../g, '$& ').trim();
    expect(bytes).to.equal('56 4d 4f 43 01 00 00 00 04 00 00 00 78 00 00 00');
    expect(readProjectFile('docs/channel.md')).to.include(bytes);
  });
});

describe('the header of a channel', () => {
  it('is read as it was written', () => {
    for (const size of SIZES) {
      expect(readHeader(wordsOf(size), PAGE)).to.deep.equal(size);
      expect(readHeader(wordsOf(size, 65_536), 65_536)).to.deep.equal(size);
    }
  });

  const wrong: [what: string, change: (words: Int32Array) => void][] = [
    ['another magic number', (words) => (words[0] = 0)],
    ['another version', (words) => (words[1] = 2)],
    ['fewer slots than the memory has', (words) => (words[2] = 64)],
    ['more slots than the memory has', (words) => (words[2] = 400)],
    ['one slot', (words) => (words[2] = 1)],
    ['more slots than any channel has', (words) => (words[2] = MAX_SLOTS + 1)],
    ['a negative number of slots', (words) => (words[2] = -4)],
    ['slots that hold no description', (words) => (words[3] = MIN_SLOT_BYTES - 1)],
    ['slots longer than the memory', (words) => (words[3] = 2 ** 31 - 1)],
    ['slots of a negative length', (words) => (words[3] = -120)],
    [
      'sizes whose product overflows',
      (words) => {
        words.set([MAX_SLOTS, 2 ** 31 - 1], 2);
      },
    ],
  ];
  for (const [what, change] of wrong) {
    it(`is refused with ${what}`, () => {
      const words = wordsOf({ slots: 128, slotBytes: 1024 });
      change(words);
      thrownBy(() => readHeader(words, PAGE), 'ERR_VMO_PROTOCOL');
    });
  }

  it('is refused if the memory has another length', () => {
    const words = wordsOf({ slots: 128, slotBytes: 1024 });
    for (const more of [PAGE, 65_536]) {
      const longer = new Int32Array(words.length + more / 4);
      longer.set(words);
      thrownBy(() => readHeader(longer, PAGE), 'ERR_VMO_PROTOCOL');
    }
  });

  it('is not read if no channel can have that length', () => {
    for (const byteLength of [0, PAGE - 1, MAX_RINGS_BYTES + 2 ** 20, 2 ** 46]) {
      thrownBy(() => {
        checkRegionBytes(byteLength);
      }, 'ERR_VMO_PROTOCOL');
    }
    for (const size of SIZES) checkRegionBytes(regionBytes(size, 65_536));
  });
});

describe('the largest channel', () => {
  it('has rings of 256 MiB together', () => {
    const slotBytes = MAX_RINGS_BYTES / 2 / MIN_SLOTS - SLOT_HEADER_BYTES;
    expect(fitsRings({ slots: MIN_SLOTS, slotBytes })).to.be.true;
    expect(fitsRings({ slots: MIN_SLOTS, slotBytes: slotBytes + 1 })).to.be.false;
  });
});

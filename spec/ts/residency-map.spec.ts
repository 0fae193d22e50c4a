import { expect } from 'chai';
import { ResidencyMap } from 'vmoffer';

const PAGE = 4096;

function mapOf(pageCount: number, residentPages: Iterable<number>): ResidencyMap {
  const bits = new Uint8Array(Math.ceil(pageCount / 8));
  for (const page of residentPages) bits[page >> 3] = (bits[page >> 3] ?? 0) | (1 << (page & 7));
  return new ResidencyMap(bits, pageCount, PAGE);
}

function* pagesBetween(first: number, end: number): Generator<number> {
  for (let page = first; page < end; page++) yield page;
}

describe('ResidencyMap', () => {
  it('of nothing has no runs', () => {
    const map = mapOf(100, []);
    expect(map).to.include({ pageCount: 100, pageSize: PAGE, residentPages: 0 });
    expect([...map.ranges()]).to.deep.equal([]);
    expect(map.has(0)).to.be.false;
  });

  it('of everything is one run, whether or not the last byte is full', () => {
    for (const pageCount of [1, 7, 8, 9, 64, 1001]) {
      const map = mapOf(pageCount, pagesBetween(0, pageCount));
      expect([...map.ranges()]).to.deep.equal([{ firstPage: 0, pageCount }]);
      expect(map.residentPages).to.equal(pageCount);
    }
  });

  it('does not count bits beyond the last page', () => {
    const map = new ResidencyMap(Uint8Array.of(0xff), 3, PAGE);
    expect(map.residentPages).to.equal(3);
    expect(map.has(3)).to.be.false;
  });

  it('knows no pages outside the claim', () => {
    const map = mapOf(8, pagesBetween(0, 8));
    for (const page of [-1, 8, 0.5, NaN, Infinity]) expect(map.has(page), String(page)).to.be.false;
  });

  it('finds runs that begin and end anywhere', () => {
    const map = mapOf(64, [...pagesBetween(3, 5), ...pagesBetween(7, 26), 40, 63]);
    expect([...map.ranges()]).to.deep.equal([
      { firstPage: 3, pageCount: 2 },
      { firstPage: 7, pageCount: 19 },
      { firstPage: 40, pageCount: 1 },
      { firstPage: 63, pageCount: 1 },
    ]);
    expect(map.residentPages).to.equal(23);
  });

  it('agrees with a page by page count for every pattern of two bytes', () => {
    for (let pattern = 0; pattern < 65536; pattern += 7) {
      const map = new ResidencyMap(Uint8Array.of(pattern & 255, pattern >> 8), 16, PAGE);
      const pages = [...map.ranges()].flatMap(({ firstPage, pageCount }) => [
        ...pagesBetween(firstPage, firstPage + pageCount),
      ]);
      const expected = [...pagesBetween(0, 16)].filter((page) => ((pattern >> page) & 1) === 1);
      if (String(pages) !== String(expected)) expect(pages, pattern.toString(2)).to.deep.equal(expected);
    }
  });

  it('can be iterated more than once', () => {
    const map = mapOf(16, [1, 2]);
    expect([...map.ranges()]).to.deep.equal([...map.ranges()]);
  });
});

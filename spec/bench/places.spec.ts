import { expect } from 'chai';
import { placesIn } from '../../bench/places.js';

const PAGE = 4096;

describe("a bench's places", () => {
  it('are spread evenly over the memory, in order', () => {
    expect([...placesIn(8 * PAGE, PAGE, 4, 'sequential')]).to.deep.equal(
      [0, 2, 4, 6].map((page) => BigInt(page * PAGE)),
    );
  });

  it('are all that there are, if that many are asked for', () => {
    expect([...placesIn(4 * PAGE, PAGE, 4, 'sequential')].map(Number)).to.deep.equal([0, PAGE, 2 * PAGE, 3 * PAGE]);
  });

  it('are the same at random, in another order', () => {
    const [ordered, random] = (['sequential', 'random'] as const).map((order) => [
      ...placesIn(2 ** 22, PAGE, 1000, order),
    ]);
    expect(random).not.to.deep.equal(ordered);
    expect(random).to.have.members(ordered ?? []);
  });

  it('are as far apart as they must be', () => {
    const offsets = [...placesIn(2 ** 22, 64 * PAGE, 10, 'sequential')];
    const gaps = offsets.slice(1).map((offset, index) => Number(offset - (offsets[index] ?? 0n)));
    expect(Math.min(...gaps)).to.be.at.least(64 * PAGE);
  });

  it('cannot be more than there are', () => {
    expect(() => placesIn(4 * PAGE, PAGE, 5, 'random')).to.throw(RangeError, '4 places');
  });
});

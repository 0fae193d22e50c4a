import { expect } from 'chai';
import { strip } from '#ts/cli/top/strip.js';

describe('the strip of a claim', () => {
  for (const [title, cells, width, expected] of [
    ['is dots where nothing is resident', [0, 0], 2, '··'],
    ['is full where everything is', [255, 255], 2, '██'],
    ['is neither where it is neither', [1, 254], 2, '▁▇'],
    ['rises with the share', [0, 1, 40, 80, 120, 150, 190, 230, 255], 9, '·▁▂▃▄▅▆▇█'],
    ['takes cells together where there is not room for each', [255, 255, 0, 0, 255, 0], 3, '█·▄'],
    ['is not full when one of many pages is missing', [255, 255, 255, 254], 1, '▇'],
    ['is not empty when one of many pages is there', [0, 0, 0, 1], 1, '▁'],
    ['shows cells for longer where there is more room', [0, 255], 6, '···███'],
    ['leaves no cell out where the width is no multiple', [255, 0, 255], 4, '██·█'],
    ['asks where nothing is known', [], 4, '?   '],
  ] as const) {
    it(`${title}: ${expected}`, () => {
      expect(strip(cells, width)).to.equal(expected);
    });
  }

  it('has the given width, for any number of cells', () => {
    for (let count = 1; count <= 64; count++) {
      for (let width = 1; width <= 64; width++) {
        expect(
          strip(
            Array.from({ length: count }, () => 255),
            width,
          ),
        ).to.equal('█'.repeat(width));
      }
    }
  });
});

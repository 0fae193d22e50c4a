import { expect } from 'chai';
import { comparisonsOf, measurementsOf, plotOf, type Series } from '../../../bench/growth/series.js';

const series: Series = {
  of: 'parrots',
  counts: [1, 10, 100],
  ways: ['feeding', 'teaching'],
  flat: ['feeding'],
  probe: (count) => Promise.resolve({ feeding: 2, teaching: 3 * count }),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

async function samplesOf(from: Series) {
  const found = await Promise.all(measurementsOf(from).map((measure) => measure()));
  return new Map(found.flatMap(Object.entries).map(([name, ms]) => [name, [ms as number]]));
}

describe('a series of counts', () => {
  it('measures every way at every count', async () => {
    expect(Object.fromEntries(await samplesOf(series))).to.deep.equal({
      'feeding, 1 parrots': [2],
      'feeding, 10 parrots': [2],
      'feeding, 100 parrots': [2],
      'teaching, 1 parrots': [3],
      'teaching, 10 parrots': [30],
      'teaching, 100 parrots': [300],
    });
  });

  it('compares the largest count with the smallest, and has a target for costs that should not grow', async () => {
    expect(comparisonsOf(series, await samplesOf(series))).to.deep.equal([
      {
        what: 'feeding: 100 parrots, against 1',
        ours: 'feeding, 100 parrots',
        peer: 'feeding, 1 parrots',
        slowerBy: 1.5,
      },
      { what: 'teaching: 100 parrots, against 1', ours: 'teaching, 100 parrots', peer: 'teaching, 1 parrots' },
    ]);
  });

  it('leaves out ways that could not be measured', async () => {
    const samples = await samplesOf(series);
    samples.delete('feeding, 10 parrots');
    expect(comparisonsOf(series, samples).map(({ ours }) => ours)).to.deep.equal(['teaching, 100 parrots']);
    const { data } = plotOf(series, samples).spec as { data: { values: unknown[] } };
    expect(data.values).to.have.length(3);
  });

  it('draws a line for each way', async () => {
    const { name, spec } = plotOf(series, await samplesOf(series));
    expect(name).to.equal('growth-parrots');
    const { data } = spec as { data: { values: { line: string; x: number; median: number }[] } };
    expect(data.values).to.have.length(6);
    expect(data.values[5]).to.include({ line: 'teaching', x: 100, median: 300 });
  });
});

import { expect } from 'chai';
import { MESSAGE_BYTES, nameOf, PAGE_BYTES } from '../../../bench/channel/contestants.js';
import { channelPlots } from '../../../bench/channel/plots.js';

/** The labels of the measurements in a picture. */
function labelsOf({ spec }: { spec: object }): string[] {
  const { data } = spec as { data: { values: { measurement: string }[] } };
  return data.values.map(({ measurement }) => measurement);
}

describe("the channel bench's pictures", () => {
  it('show each size by itself, without the part of the name that all share', () => {
    const rates = new Map([
      [nameOf('one-way', MESSAGE_BYTES, 'apart', 'Channel, send'), [5e6]],
      [nameOf('one-way', MESSAGE_BYTES, 'any', 'Channel, send'), [4e6]],
      [nameOf('one-way', PAGE_BYTES, 'apart', 'C ring'), [3e6]],
    ]);
    const [small, page, ...others] = channelPlots(rates, new Map());
    expect(labelsOf(small ?? { spec: {} })).to.deep.equal(['Channel, send']);
    expect(labelsOf(page ?? { spec: {} })).to.deep.equal(['C ring']);
    expect(others).to.deep.equal([]);
  });

  it('show round trips by where the two sides were', () => {
    const apart = nameOf('ping-pong', MESSAGE_BYTES, 'apart', 'net');
    const same = nameOf('ping-pong', MESSAGE_BYTES, 'same', 'net');
    const samples = new Map([apart, same, 'something else'].map((name) => [name, [1]]));
    const [trips, ...others] = channelPlots(new Map(), samples);
    expect(trips?.name).to.equal('channel-round-trip');
    expect(labelsOf(trips ?? { spec: {} })).to.deep.equal([apart, same]);
    expect(others).to.deep.equal([]);
  });

  it('are left out if nothing was measured', () => {
    expect(channelPlots(new Map(), new Map())).to.deep.equal([]);
  });
});

import { expect } from 'chai';
import { comparisons } from '../../../bench/channel/comparisons.js';
import { CONTESTANTS, isPolling, ONE_OF_EACH } from '../../../bench/channel/contestants.js';
import { IDLE } from '../../../bench/channel/idle.js';
import { PACED_FIGURES, PACED_WAYS, pacedName } from '../../../bench/channel/paced.js';
import { ROUND_TRIPS_A_TICK } from '../../../bench/channel/run.js';
import { NODE_WAYS } from '../../../bench/channel/ways.js';

const names = CONTESTANTS.map(({ name }) => name);
const pacedNames = PACED_WAYS.flatMap((way) => PACED_FIGURES.map((figure) => pacedName(way, figure)));

/** The limit in the row that compares these two. */
function limitOf(ours: string, peer: string): number | undefined {
  const row = comparisons.find((comparison) => comparison.ours === ours && comparison.peer === peer);
  return row?.fasterBy ?? row?.slowerBy;
}

describe("the channel bench's contestants", () => {
  it('have unique names', () => {
    expect(new Set(names).size).to.equal(names.length);
  });

  it('are measured if a row names them', () => {
    for (const { ours, peer } of comparisons)
      expect([...names, ...pacedNames, IDLE]).to.include.members([ours, peer ?? ours]);
  });

  it('run for whole ticks', () => {
    for (const { kind, count, name } of CONTESTANTS) {
      if (kind === 'ping-pong') expect(count % ROUND_TRIPS_A_TICK, name).to.equal(0);
      expect(count % 4, name).to.equal(0);
    }
  });

  it('each take part once in a quick run', () => {
    expect(ONE_OF_EACH.map(({ way }) => ('node' in way ? way.node : way.c))).to.have.members([
      ...NODE_WAYS,
      'ring',
      'stream',
      'batch',
      'seqpacket',
      'pipe',
    ]);
  });

  it('never poll on one core, where the other side could not run', () => {
    expect(CONTESTANTS.filter(({ placement }) => placement === 'same').some(isPolling)).to.be.false;
  });
});

describe("the channel bench's targets", () => {
  const oneWay = (way: string) => `${way}: 1000 B one way, two cores`;

  it('cover messages of 1000 bytes, one way', () => {
    expect(limitOf(oneWay('Channel, send'), oneWay('C stream'))).to.equal(5);
    expect(limitOf(oneWay('Channel, for await'), oneWay('C stream'))).to.equal(4.5);
    expect(limitOf(oneWay('Channel, reserve'), oneWay('C stream'))).to.equal(7);
    expect(limitOf(oneWay('Channel, send'), oneWay('net'))).to.equal(8);
    expect(limitOf(oneWay('Channel, send'), oneWay('net, corked'))).to.equal(3);
    expect(limitOf(oneWay('Channel, send'), oneWay('zeromq'))).to.equal(15);
    expect(limitOf(oneWay('Channel, send'), oneWay('child_process'))).to.equal(30);
  });

  it('cover a round trip between two sides that spin', () => {
    const roundTrip = (way: string) => `${way}: 1000 B round trip, two cores`;
    expect(limitOf(roundTrip('Channel, polling'), roundTrip('C ring'))).to.equal(1.5);
  });

  it('demand that two sides that wait look where that pays, and nowhere else', () => {
    const roundTrip = (way: string, cores: string) => `${way}: 1000 B round trip, ${cores}`;
    const waiting = roundTrip('Channel, for await', 'two cores');
    expect(limitOf(waiting, roundTrip('C stream', 'two cores'))).to.equal(15);
    expect(limitOf(waiting, roundTrip('Channel, polling', 'two cores'))).to.equal(2);
    expect(limitOf(roundTrip('Channel, for await', 'one core'), roundTrip('C stream', 'one core'))).to.equal(2.5);
    for (const figure of PACED_FIGURES) {
      expect(limitOf(pacedName('Channel, for await', figure), pacedName('net', figure))).to.be.at.most(1.5);
    }
  });
});

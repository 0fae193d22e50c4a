import { expect } from 'chai';
import { askExchange, EXCHANGE, type CWayName } from '../../../bench/channel/c-peer.js';
import { measureIdle } from '../../../bench/channel/idle.js';
import { measureRun } from '../../../bench/channel/measure-run.js';
import { ANY_CORE } from '../../../bench/channel/placement.js';
import { measurePaced, PACED_WAYS } from '../../../bench/channel/paced.js';
import { NODE_WAYS } from '../../../bench/channel/ways.js';
import { buildPeer } from '../../../bench/peers/build.js';
import { Peer } from '../../../bench/peers/peer.js';

const C_WAYS = ['ring', 'stream', 'batch', 'seqpacket', 'pipe'] as const satisfies readonly CWayName[];
const RUN = { byteLength: 1000, warmUp: 40, count: 320, slots: 16, cores: [ANY_CORE, ANY_CORE] } as const;

describe("the channel bench's ways to carry messages", () => {
  let pinProgram: string;
  let peer: Peer;
  before(() => {
    pinProgram = buildPeer(EXCHANGE);
    peer = new Peer(EXCHANGE);
  });
  after(() => peer[Symbol.asyncDispose]());

  for (const way of NODE_WAYS) {
    it(`${way}: carries all messages, one way, and there and back`, async () => {
      expect(await measureRun({ ...RUN, way, kind: 'one-way', pinProgram })).to.be.greaterThan(0);
      expect(await measureRun({ ...RUN, way, kind: 'ping-pong', pinProgram })).to.be.greaterThan(0);
    });
  }

  for (const way of C_WAYS) {
    it(`${way}, in C: carries all messages, one way, and there and back`, async () => {
      for (const byteLength of [1000, 4096]) {
        expect(await askExchange(peer, { ...RUN, byteLength, way, kind: 'one-way' })).to.be.greaterThan(0);
        expect(await askExchange(peer, { ...RUN, byteLength, way, kind: 'ping-pong' })).to.be.greaterThan(0);
      }
    });
  }

  it('a run that fails gives an error, not a figure', async () => {
    let error: unknown;
    const run = { ...RUN, way: 'net', kind: 'one-way', pinProgram: '/no/such/program', cores: [0, 0] } as const;
    await measureRun(run).catch((reason: unknown) => (error = reason));
    expect(error).to.be.an('error').with.property('message').that.contains('/no/such/program');
  });

  for (const way of PACED_WAYS) {
    it(`${way}: answers in time, and its processor time is known`, async () => {
      const found = await measurePaced(way, { count: 32, cores: [ANY_CORE, ANY_CORE], pinProgram });
      for (const [name, value] of Object.entries(found)) expect(value, name).to.be.within(1e-6, 1000);
    });
  }

  it('an idle channel is measured from outside, in both processes', async () => {
    const { cpu, switches } = await measureIdle(20);
    expect(cpu).to.be.at.least(0);
    expect(switches).to.be.at.least(0);
  });
});

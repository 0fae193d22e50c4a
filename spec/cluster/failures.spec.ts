import { expect } from 'chai';
import { VMO_GRANT_R } from 'vmoffer';
import { until } from '../support/barriers.js';
import { SIGNAL_OF_FAILED_MEMORY } from '../support/kernel-version.js';
import { rejectionOf } from '../support/vmo-error.js';
import { ended, signal } from './support/programs.js';
import { useScene } from './support/scene.js';

const UNIT = 256 * 1024;
const BYTES = 8 << 20;
/** What is promised where an agent has ended. */
const KNOWN_WITHIN_MS = 1000;
const LEASE_MS = 2000;

describe('memory of another host, when something fails', function () {
  this.timeout(60_000);
  const scene = useScene();

  async function claimed() {
    const source = await scene.stage.start('a', { leaseMs: LEASE_MS });
    const claimer = await scene.stage.start('b', { leaseMs: LEASE_MS }, scene.proxy.url);
    const region = await source.call('make', BYTES);
    const { handle: offer } = await source.call('offer', region, 'b', VMO_GRANT_R);
    const claim = await claimer.call('claim', (await claimer.call('nextOffer')).id);
    await source.call('claimed', offer);
    return { source, claimer, offer, claim };
  }

  it('is known to be gone within a second where the source’s agent is killed, and keeps what had come', async () => {
    const { source, claimer, claim } = await claimed();
    await claimer.call('ensure', claim, 0, UNIT);
    signal(source.agentPid, 'SIGKILL');
    const before = performance.now();
    await rejectionOf(claimer.call('ensure', claim, 4 * UNIT, UNIT), 'ERR_VMO_PEER_GONE');
    expect(performance.now() - before).to.be.lessThan(KNOWN_WITHIN_MS);
    expect(await claimer.call('wrongWord', claim, 0, UNIT)).to.equal(undefined);
  });

  it('ends a thread that waits for a page within a second where the source’s agent is killed', async () => {
    const { source, claimer, claim } = await claimed();
    scene.proxy.stall(); // so that the touch waits
    const touch = claimer.call('read', claim, 4 * UNIT);
    touch.catch(() => undefined); // its program ends
    signal(source.agentPid, 'SIGKILL');
    scene.proxy.mend();
    const before = performance.now();
    const { signal: endedBy, stderr } = await claimer.ended;
    expect(performance.now() - before).to.be.lessThan(KNOWN_WITHIN_MS);
    expect(endedBy, stderr).to.equal(SIGNAL_OF_FAILED_MEMORY);
  });

  it('is known to be gone where the source program ends, and its agent with it', async () => {
    const { source, claimer, claim } = await claimed();
    await source[Symbol.asyncDispose]();
    await ended(source.agentPid);
    await rejectionOf(claimer.call('ensure', claim, 4 * UNIT, UNIT), 'ERR_VMO_PEER_GONE');
  });

  it('is known to be gone by the lease where the source’s host is silent', async () => {
    const { source, claimer, claim } = await claimed();
    signal(source.agentPid, 'SIGSTOP');
    const before = performance.now();
    await rejectionOf(claimer.call('ensure', claim, 4 * UNIT, UNIT), 'ERR_VMO_PEER_GONE');
    expect(performance.now() - before).to.be.within(LEASE_MS / 2, 3 * LEASE_MS);
  });

  it('goes on where somebody signals the agents, as for a whole group of processes', async () => {
    const { source, claimer, claim } = await claimed();
    for (const { agentPid } of [source, claimer])
      for (const name of ['SIGINT', 'SIGTERM'] as const) signal(agentPid, name);
    await claimer.call('ensure', claim, 0, BYTES);
    expect(await claimer.call('wrongWord', claim, 0, BYTES)).to.equal(undefined);
  });

  it('goes on where the connection is lost and comes back', async () => {
    const { claimer, claim } = await claimed();
    scene.proxy.cut();
    const waiting = claimer.call('ensure', claim, 4 * UNIT, UNIT);
    scene.proxy.mend();
    await waiting;
    expect(await claimer.call('wrongWord', claim, 4 * UNIT, UNIT)).to.equal(undefined);
  });

  it('goes on where the server is killed and comes back', async () => {
    const { claimer, claim } = await claimed();
    await scene.server.kill();
    await scene.server.run();
    await claimer.call('ensure', claim, 0, BYTES);
    expect(await claimer.call('wrongWord', claim, 0, BYTES)).to.equal(undefined);
  });

  it('is known to be gone where the claimer’s own agent is killed', async () => {
    const { claimer, claim } = await claimed();
    signal(claimer.agentPid, 'SIGKILL');
    await rejectionOf(claimer.call('ensure', claim, 4 * UNIT, UNIT), 'ERR_VMO_PEER_GONE');
    await rejectionOf(claimer.call('list'), 'ERR_VMO_PEER_GONE');
  });

  it('is released where its claimer is killed, and where the claimer’s agent is', async () => {
    const first = await claimed();
    first.claimer.kill('SIGKILL');
    await first.source.call('released', first.offer);
    const region = await first.source.call('make', BYTES);
    const claimer = await scene.stage.start('c');
    const { handle } = await first.source.call('offer', region, 'c', VMO_GRANT_R);
    await claimer.call('claim', (await claimer.call('nextOffer')).id);
    signal(claimer.agentPid, 'SIGKILL');
    await first.source.call('released', handle);
  });

  it('is offered no more where its source program ends', async () => {
    const source = await scene.stage.start('a');
    const claimer = await scene.stage.start('b');
    const region = await source.call('make', BYTES);
    await source.call('offer', region, 'b', VMO_GRANT_R);
    const { id } = await claimer.call('nextOffer');
    await source[Symbol.asyncDispose]();
    await until('it stands no more', async () => (await claimer.call('list')).length === 0);
    await rejectionOf(claimer.call('claim', id), 'ERR_VMO_NOT_OFFERED');
  });

  it('is not to be had where its source’s agent was killed before', async () => {
    const source = await scene.stage.start('a');
    const claimer = await scene.stage.start('b');
    const region = await source.call('make', BYTES);
    await source.call('offer', region, 'b', VMO_GRANT_R);
    const { id } = await claimer.call('nextOffer');
    signal(source.agentPid, 'SIGKILL');
    await ended(source.agentPid);
    await rejectionOf(claimer.call('claim', id), 'ERR_VMO_PEER_GONE');
  });
});

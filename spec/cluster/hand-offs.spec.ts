import { expect } from 'chai';
import { VMO_DISOWN, VMO_GRANT_R, VMO_GRANT_W } from 'vmoffer';
import { until } from '../support/barriers.js';
import { rejectionOf } from '../support/vmo-error.js';
import { ended, signal, type Program } from './support/programs.js';
import { useScene } from './support/scene.js';

const BYTES = 16 << 20;
const FLAGS = VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN;
const LEASE_MS = 1000;
/** Slow enough that a hand-off is still under way when the spec does something to it. */
const BYTES_PER_SECOND = 8 << 20;

describe('memory handed off to another host', function () {
  this.timeout(60_000);
  const scene = useScene();

  async function offered(): Promise<{ source: Program; claimer: Program; region: number; offer: number; id: string }> {
    const source = await scene.stage.start('a', { leaseMs: LEASE_MS });
    const claimer = await scene.stage.start('b', { leaseMs: LEASE_MS }, scene.proxy.url);
    const region = await source.call('make', BYTES);
    const { handle: offer } = await source.call('offer', region, 'b', FLAGS);
    const { id } = await claimer.call('nextOffer');
    return { source, claimer, region, offer, id };
  }

  /** Resolves when the claimer has begun, and some bytes have come. */
  async function begun() {
    const all = await offered();
    scene.proxy.bytesPerSecond = BYTES_PER_SECOND;
    const before = scene.proxy.passed.down;
    const claim = all.claimer.call('claim', all.id);
    claim.catch(() => undefined); // it is looked at later
    await until('bytes have come', () => scene.proxy.passed.down - before > BYTES / 8);
    return { ...all, claim };
  }

  async function hasAll(program: Program, claim: number): Promise<void> {
    expect(await program.call('wrongWord', claim, 0, BYTES)).to.equal(undefined);
  }

  it('is the claimer’s, whole, and the source’s no more', async () => {
    const { source, claimer, region, offer, id } = await offered();
    const claim = await claimer.call('claim', id);
    await hasAll(claimer, claim);
    expect(await source.call('claimed', offer)).to.equal('claimed');
    expect(await source.call('isDisowned', region)).to.equal(true);
    expect((await claimer.call('kindOf', claim)).supplied).to.equal(false);
    await until('nothing stands', async () => (await claimer.call('list')).length === 0);
    expect(await source.call('list')).to.deep.equal([]);
  });

  it('stays its source’s where it is cancelled in time', async () => {
    const { source, claimer, region, offer, id } = await offered();
    expect(await source.call('cancel', offer)).to.equal(true);
    expect(await source.call('isDisowned', region)).to.equal(false);
    await rejectionOf(claimer.call('claim', id), 'ERR_VMO_NOT_OFFERED');
  });

  it('cannot be cancelled once it has begun', async () => {
    const { source, claimer, offer, claim } = await begun();
    await rejectionOf(source.call('cancel', offer), 'ERR_VMO_TOO_LATE');
    scene.proxy.bytesPerSecond = Infinity;
    await hasAll(claimer, await claim);
  });

  it('is offered again, and given back, where the claimer’s agent is killed', async () => {
    const { source, claimer, region, offer, claim } = await begun();
    signal(claimer.agentPid, 'SIGKILL');
    await rejectionOf(claim, 'ERR_VMO_PEER_GONE');
    await until('it is offered again', async () => (await source.call('list'))[0]?.stage === 'offered');
    expect(await source.call('isDisowned', region)).to.equal(true);
    const back = await source.call('takeBack', offer);
    if (back === undefined) expect.fail('nothing was given back');
    await hasAll(source, back);
  });

  it('is claimed by the next agent of the claimer where the first one is killed', async () => {
    const { source, claimer, claim } = await begun();
    await claimer[Symbol.asyncDispose]();
    signal(claimer.agentPid, 'SIGKILL');
    await rejectionOf(claim, 'ERR_VMO_PEER_GONE').catch(() => undefined); // the program has ended, too
    await until('it is offered again', async () => (await source.call('list'))[0]?.stage === 'offered');
    const next = await scene.stage.start('b', { leaseMs: LEASE_MS });
    const second = await next.call('claim', (await next.call('nextOffer')).id);
    await hasAll(next, second);
  });

  it('comes to its end where the source program ends, because its agent has the memory', async () => {
    const { source, claimer, claim } = await begun();
    source.kill('SIGKILL');
    await source.ended;
    scene.proxy.bytesPerSecond = Infinity;
    await hasAll(claimer, await claim);
    await ended(source.agentPid);
  });

  it('is said to be gone where the source’s agent is killed, which had it', async () => {
    const { source, claim, offer } = await begun();
    signal(source.agentPid, 'SIGKILL');
    scene.proxy.bytesPerSecond = Infinity;
    await rejectionOf(claim, 'ERR_VMO_PEER_GONE');
    expect(await source.call('claimed', offer)).to.equal('expired');
  });

  it('is taken back where the claimer is stopped for longer than its lease, and goes to one of the two', async () => {
    const { source, claimer, offer, claim } = await begun();
    signal(claimer.agentPid, 'SIGSTOP');
    await until('it is offered again', async () => (await source.call('list'))[0]?.stage === 'offered');
    const back = await source.call('takeBack', offer);
    signal(claimer.agentPid, 'SIGCONT');
    scene.proxy.bytesPerSecond = Infinity;
    const error = await claim.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(Error);
    if (back === undefined) expect.fail('nothing was given back');
    await hasAll(source, back);
  });

  /** The claim may have failed; the memory is offered again then. */
  async function isHadInTheEnd(claimer: Program, claim: Promise<number>): Promise<void> {
    const again = async () => claimer.call('claim', (await claimer.call('nextOffer')).id);
    await hasAll(claimer, await claim.catch(again));
  }

  it('goes on where the claimer is cut off for less than its lease', async () => {
    const { claimer, claim } = await begun();
    scene.proxy.cut();
    scene.proxy.bytesPerSecond = Infinity;
    scene.proxy.mend();
    await isHadInTheEnd(claimer, claim);
  });

  it('goes on where the server is killed and comes back', async () => {
    const { claimer, claim } = await begun();
    await scene.server.kill();
    await scene.server.run();
    scene.proxy.bytesPerSecond = Infinity;
    await isHadInTheEnd(claimer, claim);
  });
});

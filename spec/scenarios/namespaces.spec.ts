import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { allocate, vmClaim, vmListOffer, vmOffer, VMO_GRANT_R } from 'vmoffer';
import { startObedient, type Obedient } from '../support/obedient.js';
import { PAGE } from '../support/pages.js';
import { brokerSockets, ownPidNamespace } from '../support/sockets.js';
import { requires } from '../support/requires.js';
import { rejectionOf, thrownBy } from '../support/vmo-error.js';
import { runs } from '../support/wrappers.js';

const SEED = 131;
const IN_NEW_NETWORK = ['unshare', '--net'];
const IN_NEW_PIDS = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];

/** The processes that live through a block of specs; none if it was skipped. */
const started: Obedient[] = [];
async function endStarted(): Promise<void> {
  for (const child of started.splice(0)) await child[Symbol.asyncDispose]();
}

describe('processes in different network namespaces', () => {
  let stranger: Obedient;
  before(async function () {
    requires(this, runs(IN_NEW_NETWORK));
    stranger = await startObedient({ wrapper: IN_NEW_NETWORK });
    started.push(stranger);
  });
  after(endStarted);

  it('cannot claim from each other, and are told why', async () => {
    const { region } = await stranger.call('allocate', 1);
    const { address } = await stranger.call('offer', process.pid, region, VMO_GRANT_R);
    const error = await rejectionOf(vmClaim(stranger.pid, address), 'ERR_VMO_NOT_OFFERED');
    expect(error.message).to.include('network namespace');
  });

  it('do not list what the other offers', async () => {
    using region = allocate(PAGE);
    const offer = vmOffer(stranger.pid, region, VMO_GRANT_R);
    expect(await stranger.call('list')).to.satisfy((offers: { direction: string }[]) =>
      offers.every(({ direction }) => direction === 'sent'),
    );
    expect((await vmListOffer()).filter(({ srcPid }) => srcPid === stranger.pid)).to.be.empty;
    offer.cancel();
  });

  it('still learn when the other has ended', async () => {
    await using brief = await startObedient({ wrapper: IN_NEW_NETWORK });
    using region = allocate(PAGE);
    const offer = vmOffer(brief.pid, region, VMO_GRANT_R);
    brief.kill('SIGKILL');
    expect(await offer.claimed).to.equal('expired');
  });
});

/** The pid here of the process that `unshare` has started, whose own pid is 1. */
function outerPidOf(unshare: Obedient): number {
  const children = readFileSync(`/proc/${unshare.pid}/task/${unshare.pid}/children`, 'utf8');
  return Number(children.trim());
}

describe('a process in a pid namespace of its own', () => {
  let first: Obedient;
  let outerPid: number;
  before(async function () {
    requires(this, runs(IN_NEW_PIDS));
    first = await startObedient({ wrapper: IN_NEW_PIDS });
    outerPid = outerPidOf(first);
    started.push(first);
  });
  after(endStarted);

  function startInside(): Promise<Obedient> {
    return startObedient({ wrapper: ['nsenter', '--target', String(outerPid), '--pid', '--mount'] });
  }

  it('is pid 1 there, and listens under the name of its namespace', async () => {
    expect(await first.call('ownPid')).to.equal(1);
    await first.call('list');
    const found = brokerSockets().filter(({ pid, pidNamespace }) => pid === 1 && pidNamespace !== ownPidNamespace());
    expect(found).to.have.lengthOf(1);
  });

  it('hands memory to another process in the same namespace, by the pids they have there', async () => {
    await using second = await startInside();
    const destPid = await second.call('ownPid');
    const { region } = await first.call('allocate', 4, SEED);
    const { address } = await first.call('offer', destPid, region, VMO_GRANT_R);
    expect(await second.call('list')).to.have.lengthOf(1);
    const claim = await second.call('claim', 1, address);
    expect(claim.srcPid).to.equal(1);
    expect(await second.call('difference', claim.region, SEED)).to.be.undefined;
  });

  it('is not mistaken for a process with the same pid in another namespace', async () => {
    await using twin = await startObedient({ wrapper: IN_NEW_PIDS });
    const { region } = await first.call('allocate', 1, SEED);
    const { address } = await first.call('offer', 1, region, VMO_GRANT_R);
    await rejectionOf(twin.call('claim', 1, address), 'ERR_VMO_NOT_OFFERED');
    expect(await twin.call('list')).to.be.empty;
    const claim = await first.call('claim', 1, address);
    expect(await first.call('difference', claim.region, SEED)).to.be.undefined;
  });

  it('is found from outside by its outer pid, and offers nothing to a process that it cannot name', async () => {
    const { region } = await first.call('allocate', 1, SEED);
    const { address } = await first.call('offer', 1, region, VMO_GRANT_R);
    await rejectionOf(vmClaim(outerPid, address), 'ERR_VMO_NOT_OFFERED');
  });

  it('cannot name a process outside', async () => {
    const { region } = await first.call('allocate', 1);
    await rejectionOf(first.call('offer', process.pid, region, VMO_GRANT_R), 'ERR_VMO_NO_PROCESS');
  });

  it('can be offered memory from outside, which expires with it', async () => {
    await using brief = await startObedient({ wrapper: IN_NEW_PIDS });
    using region = allocate(PAGE);
    const offer = vmOffer(outerPidOf(brief), region, VMO_GRANT_R);
    expect(offer.state).to.equal('pending');
    brief.kill('SIGKILL');
    expect(await offer.claimed).to.equal('expired');
  });

  it('does not disturb processes outside', async () => {
    await using peer = await startObedient();
    using region = allocate(PAGE);
    vmOffer(peer.pid, region, VMO_GRANT_R);
    expect(await peer.call('list')).to.have.lengthOf(1);
    await peer.call('claim', process.pid, region.address);
    thrownBy(() => vmOffer(2 ** 22, region, VMO_GRANT_R), 'ERR_VMO_NO_PROCESS');
  });
});

import { expect } from 'chai';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { allocate, VMO_GRANT_R, vmOffer, type Region } from 'vmoffer';
import { addressOfPage, claimOwn, touch } from '../support/own-claim.js';
import { expectPages, fillPages, PAGE } from '../support/pages.js';
import { parked, probe, touchOnThread } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';

const PAGES = 64;

/** Starts a worker that claims from this process, makes a buffer and reports its address. */
async function startClaimingWorker(source: Region): Promise<{ worker: Worker; address: bigint }> {
  const offer = vmOffer(process.pid, source, VMO_GRANT_R);
  const worker = new Worker(new URL('./workers/claim-and-touch.js', import.meta.url), {
    workerData: { address: offer.address },
  });
  const [address] = (await once(worker, 'message')) as [bigint];
  return { worker, address };
}

describe('a fault that is being answered', () => {
  let source: Region;

  before(function () {
    requires(this, needs.probe, needs.userfault);
  });
  beforeEach(() => {
    source = allocate(PAGES * PAGE);
    fillPages(source.view(), 1);
  });

  afterEach(() => {
    probe().unpark('pager.fault');
    source.release();
  });

  /** Checks that the pager still works. */
  function expectPagerWorks(): void {
    using claim = claimOwn(source, VMO_GRANT_R, { paging: 'userfault' });
    expectPages(claim.view(), 1);
    expect(claim.stats().faults).to.be.greaterThan(0);
  }

  it('waits while the pager is parked, and is then answered', async () => {
    using claim = claimOwn(source, VMO_GRANT_R, { paging: 'userfault' });
    probe().park('pager.fault');
    let value: number | undefined;
    const touched = touchOnThread(addressOfPage(claim, 9) + 1n).then((byte) => (value = byte));
    await parked('pager.fault');
    expect(value).to.equal(undefined);
    expect(claim.residency().residentPages).to.equal(0);
    expect(probe().unpark('pager.fault')).to.be.true;
    expect(await touched).to.equal(source.view(9 * PAGE + 1, 1)[0]);
  });

  it('ends harmlessly when its region is released', async () => {
    const claim = claimOwn(source, VMO_GRANT_R, { paging: 'userfault' });
    const { buffer } = claim;
    const [bytes, stale] = [source.view(9 * PAGE + 1, 1)[0], addressOfPage(claim, 9) + 1n];
    probe().park('pager.fault');
    const touched = touchOnThread(stale);
    await parked('pager.fault');
    claim.release();
    expect(await touched).to.be.oneOf([0, bytes]); // the kernel's answer, before the bytes went or after
    expect(buffer.byteLength).to.equal(0);
    probe().unpark('pager.fault');
    expect(await touchOnThread(stale)).to.equal(0);
    expectPagerWorks();
  });

  it('ends harmlessly when another region has taken the addresses', async () => {
    const claim = claimOwn(source, VMO_GRANT_R, { paging: 'userfault' });
    const { address } = claim;
    probe().park('pager.fault');
    claim.view(); // holds the addresses until the fault is over
    const touched = touchOnThread(address);
    await parked('pager.fault');
    claim.release();
    await touched;
    using successor = claimOwn(source, VMO_GRANT_R, { paging: 'kernel' });
    probe().unpark('pager.fault');
    expectPages(successor.view(), 1);
    expectPagerWorks();
  });

  it('may belong to a write in flight, and the end of the worker waits for that', async function () {
    requires(this, needs.fullUserfault);
    const { worker } = await startClaimingWorker(source);
    probe().park('pager.fault');
    worker.postMessage('write');
    await parked('pager.fault');
    const terminated = worker.terminate();
    probe().unpark('pager.fault');
    await terminated;
    expectPagerWorks();
  });

  it('may be a worker’s own: it is answered, and then the worker ends', async () => {
    const { worker } = await startClaimingWorker(source);
    probe().park('pager.fault');
    worker.postMessage('touch');
    await parked('pager.fault');
    const terminated = worker.terminate();
    probe().unpark('pager.fault');
    await terminated;
    expectPagerWorks();
  });

  it('holds up no claim: the broker is another thread', async () => {
    using claim = claimOwn(source, VMO_GRANT_R, { paging: 'userfault' });
    probe().park('pager.fault');
    const touched = touchOnThread(addressOfPage(claim, 1));
    await parked('pager.fault');
    using other = claimOwn(source, VMO_GRANT_R, { paging: 'kernel' });
    expectPages(other.view(), 1);
    probe().unpark('pager.fault');
    await touched;
    expect(touch(claim, 1)).to.equal(source.view(PAGE, 1)[0]);
  });
});

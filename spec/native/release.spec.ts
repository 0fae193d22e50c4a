import { expect } from 'chai';
import { allocate, vmClaimSync, vmOffer, VMO_GRANT_R, VMO_GRANT_W, type Region } from 'vmoffer';
import { until } from '../support/barriers.js';
import { openDescriptors } from '../support/fds.js';
import { collectGarbage } from '../support/garbage.js';
import { mappingAt, objectMappings } from '../support/mappings.js';
import { claimOwn } from '../support/own-claim.js';
import { expectPages, fillPages, isZeroed, PAGE } from '../support/pages.js';
import { touchOnThread } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';

const PAGES = 32;

function filled(seed = 1): Region {
  const region = allocate(PAGES * PAGE);
  fillPages(region.view(), seed);
  return region;
}

function objectDescriptors(): number {
  return [...openDescriptors().values()].filter((target) => target.startsWith('/memfd:vmoffer')).length;
}

function mapsObject(address: bigint): boolean {
  return mappingAt(address)?.name.startsWith('/memfd:vmoffer') ?? false;
}

/** Collects garbage, and lets finalizers and sweeps run, until `isSo` returns true. */
function collectUntil(what: string, isSo: () => boolean): Promise<void> {
  return until(what, () => {
    collectGarbage();
    return isSo();
  });
}

describe('release()', () => {
  it('detaches the buffer and every view of it', () => {
    const region = filled();
    const { buffer } = region;
    const views = [region.view(), region.view(PAGE, 10), new Float64Array(buffer)];
    region.release();
    expect(buffer.byteLength).to.equal(0);
    for (const view of views) expect([view.byteLength, view[0]]).to.deep.equal([0, undefined]);
  });

  it('gives memory and descriptor back at once, with or without a buffer', () => {
    for (const hasBuffer of [false, true]) {
      const before = objectDescriptors();
      const region = allocate(PAGES * PAGE);
      if (hasBuffer) region.view().fill(1);
      expect(objectDescriptors()).to.equal(before + 1);
      region.release();
      expect(objectDescriptors(), hasBuffer ? 'with a buffer' : 'without').to.equal(before);
      expect(mapsObject(region.address)).to.be.false;
    }
  });

  it('is harmless a second time, even if another region has the same addresses by then', () => {
    const region = allocate(PAGES * PAGE);
    region.release();
    using successor = filled();
    region.release();
    region[Symbol.dispose]();
    expectPages(successor.view(), 1);
  });

  it('of the source leaves the claim whole', () => {
    const source = filled();
    using read = claimOwn(source, VMO_GRANT_R);
    using written = claimOwn(source, VMO_GRANT_W);
    source.release();
    expectPages(read.view(), 1);
    expectPages(written.view(), 1);
  });

  it('of the claim leaves the source whole', () => {
    using source = filled();
    const claim = claimOwn(source, VMO_GRANT_W);
    claim.view()[0] = 9;
    claim.release();
    expect(source.view()[0]).to.equal(9);
  });

  it('is reported to the source', async () => {
    using source = filled();
    const offer = vmOffer(process.pid, source, VMO_GRANT_R);
    const claim = vmClaimSync(process.pid, offer.address);
    expect(await offer.claimed).to.equal('claimed');
    let isReleased = false;
    const released = offer.released.then(() => (isReleased = true));
    expect(isReleased).to.be.false;
    claim.release();
    await released;
  });

  it('does not end an offer, which can still be claimed', () => {
    const source = filled();
    const offer = vmOffer(process.pid, source, VMO_GRANT_R);
    source.release();
    using claim = vmClaimSync(process.pid, offer.address);
    expectPages(claim.view(), 1);
  });

  it('leaves nothing for a new region at the same place', () => {
    const region = filled();
    region.release();
    using successor = allocate(PAGES * PAGE);
    expect(isZeroed(successor.view())).to.be.true;
  });
});

describe('garbage', () => {
  it('frees a dropped region', async () => {
    const address = (() => filled().address)();
    await collectUntil('the region is gone', () => !mapsObject(address));
  });

  it('frees a dropped claim, and the source learns of it', async () => {
    using source = filled();
    const offer = vmOffer(process.pid, source, VMO_GRANT_R);
    const address = (() => {
      const claim = vmClaimSync(process.pid, offer.address);
      claim.view().at(0);
      return claim.address;
    })();
    let isReleased = false;
    void offer.released.then(() => (isReleased = true));
    await collectUntil('the claim is gone', () => !mapsObject(address) && isReleased);
  });

  it('leaves a region alone while its buffer is held, and frees it when that is dropped, too', async () => {
    const held: { buffer?: ArrayBuffer } = { buffer: filled().buffer };
    const before = objectMappings().length;
    for (let times = 0; times < 5; times++) {
      collectGarbage();
      await new Promise(setImmediate);
    }
    expectPages(new Uint8Array(held.buffer ?? new ArrayBuffer(0)), 1);
    delete held.buffer;
    await collectUntil('the region is gone', () => objectMappings().length < before);
  });

  it('leaves a pending offer alone: it keeps its memory alive', async () => {
    const { address, mapped } = (() => {
      const region = filled();
      const offer = vmOffer(process.pid, region, VMO_GRANT_R);
      return { address: offer.address, mapped: region.address };
    })();
    await collectUntil('the region is unmapped', () => !mapsObject(mapped));
    using claim = vmClaimSync(process.pid, address);
    expectPages(claim.view(), 1);
  });

  it('leaves the faults of a successor alone when the object is finally collected', async function () {
    requires(this, needs.probe, needs.userfault);
    using source = filled();
    const address = (() => {
      const claim = claimOwn(source, VMO_GRANT_R, { paging: 'userfault' });
      claim.release(); // without a buffer its addresses are free at once
      return claim.address;
    })();
    using successor = claimOwn(source, VMO_GRANT_R, { paging: 'userfault' });
    expect(successor.address, 'the kernel gave the same addresses again').to.equal(address);
    for (let times = 0; times < 5; times++) {
      collectGarbage();
      await new Promise(setImmediate);
    }
    const { buffer } = successor; // keeps the addresses, whatever comes of the touch
    expect(buffer.byteLength).to.equal(PAGES * PAGE);
    let value: number | undefined;
    void touchOnThread(successor.address + 1n).then((byte) => (value = byte));
    await until('the fault is answered', () => value !== undefined, 5000);
    expect(value).to.equal(source.view(1, 1)[0]);
  });

  it('is collected without being asked for when much of it is dropped', async () => {
    const before = objectMappings().length;
    let forgotten = 0;
    await until('some regions are gone', () => {
      for (let count = 0; count < 100; count++) allocate(2 ** 20).view()[0] = 1;
      forgotten += 100;
      return objectMappings().length - before < forgotten;
    });
    await collectUntil('all are gone', () => objectMappings().length <= before);
  });
});

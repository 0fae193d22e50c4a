import { expect } from 'chai';
import {
  allocate,
  vmClaim,
  vmClaimSync,
  vmListOfferSync,
  vmOffer,
  VMO_GRANT_R,
  VMO_GRANT_W,
  type Region,
} from 'vmoffer';
import { until } from '../support/barriers.js';
import { collectGarbage } from '../support/garbage.js';
import { startObedient, type Obedient } from '../support/obedient.js';
import { expectPages, fillPages, PAGE } from '../support/pages.js';
import { rejectionOf, thrownBy } from '../support/vmo-error.js';

const SEED = 21;
const PAGES = 8;

function taggedRegion(seed = SEED): Region {
  const region = allocate(PAGES * PAGE);
  fillPages(region.view(), seed);
  return region;
}

function isSent(address: bigint): boolean {
  return vmListOfferSync().some((offer) => offer.direction === 'sent' && offer.address === address);
}

describe('an offer', () => {
  let peer: Obedient;
  before(async () => {
    peer = await startObedient();
  });
  after(() => peer[Symbol.asyncDispose]());

  async function expectClaimed(srcPid: number, address: bigint, seed = SEED): Promise<number> {
    const claim = await peer.call('claim', srcPid, address);
    expect(await peer.call('difference', claim.region, seed)).to.be.undefined;
    return claim.region;
  }

  it('describes itself', () => {
    using region = taggedRegion();
    const offer = vmOffer(peer.pid, region, VMO_GRANT_R);
    expect(offer).to.include({
      destPid: peer.pid,
      address: region.address,
      byteLength: PAGES * PAGE,
      flags: VMO_GRANT_R,
      state: 'pending',
    });
    offer.cancel();
  });

  it('changes nothing until it is claimed', () => {
    using region = taggedRegion();
    const offer = vmOffer(peer.pid, region, VMO_GRANT_R | VMO_GRANT_W);
    region.view()[0] = 1;
    expect(region.view()[0]).to.equal(1);
    fillPages(region.view(), SEED);
    expect(offer.state).to.equal('pending');
    offer.cancel();
    expectPages(region.view(), SEED);
  });

  describe('may be made', () => {
    it('of a region', async () => {
      using region = taggedRegion();
      await expectClaimed(process.pid, vmOffer(peer.pid, region, VMO_GRANT_R).address);
    });

    it('of an address and a length', async () => {
      using region = taggedRegion();
      const offer = vmOffer(peer.pid, region.address, PAGES * PAGE, VMO_GRANT_R);
      expect(offer).to.be.an('object');
      await expectClaimed(process.pid, region.address);
    });

    it('of a view', async () => {
      using region = taggedRegion();
      await expectClaimed(process.pid, vmOffer(peer.pid, new Float64Array(region.buffer), VMO_GRANT_R).address);
    });

    it('of a range', async () => {
      using region = taggedRegion();
      await expectClaimed(process.pid, vmOffer(peer.pid, region.range(0, PAGES * PAGE), VMO_GRANT_R).address);
    });

    it('to several processes at once, each of which claims it for itself', async () => {
      await using other = await startObedient();
      using region = taggedRegion();
      const offers = [peer, other].map(({ pid }) => vmOffer(pid, region, VMO_GRANT_R));
      const claims = await Promise.all([peer, other].map((child) => child.call('claim', process.pid, region.address)));
      expect(await peer.call('difference', claims[0]?.region ?? 0, SEED)).to.be.undefined;
      expect(await other.call('difference', claims[1]?.region ?? 0, SEED)).to.be.undefined;
      expect(await Promise.all(offers.map(({ claimed }) => claimed))).to.deep.equal(['claimed', 'claimed']);
    });

    it('to several processes at once, and cancelled for one of them', async () => {
      await using other = await startObedient();
      using region = taggedRegion();
      vmOffer(other.pid, region, VMO_GRANT_R).cancel();
      vmOffer(peer.pid, region, VMO_GRANT_R);
      await rejectionOf(other.call('claim', process.pid, region.address), 'ERR_VMO_NOT_OFFERED');
      await expectClaimed(process.pid, region.address);
    });

    it('to the same process', async () => {
      using region = taggedRegion();
      const offer = vmOffer(process.pid, region, VMO_GRANT_R | VMO_GRANT_W);
      using claim = await vmClaim(process.pid, offer.address);
      expect(claim.address).to.not.equal(region.address);
      expectPages(claim.view(), SEED);
      claim.view()[0] = 77;
      expect(region.view()[0]).to.equal(77);
    });

    it('again, once it has been claimed', async () => {
      using region = taggedRegion();
      for (let turn = 0; turn < 2; turn++) {
        const offer = vmOffer(peer.pid, region, VMO_GRANT_R);
        await peer.call('release', await expectClaimed(process.pid, offer.address));
        await offer.released;
      }
    });

    it('again, once it has been cancelled', async () => {
      using region = taggedRegion();
      vmOffer(peer.pid, region, VMO_GRANT_R).cancel();
      await expectClaimed(process.pid, vmOffer(peer.pid, region, VMO_GRANT_R).address);
    });

    it('once at a time: a second one of the same address to the same process is refused', () => {
      using region = taggedRegion();
      const offer = vmOffer(peer.pid, region, VMO_GRANT_R);
      const error = thrownBy(() => vmOffer(peer.pid, region, VMO_GRANT_W), 'ERR_VMO_BUSY');
      expect(error).to.include({ pid: peer.pid, address: region.address });
      expect(offer.cancel()).to.be.true;
    });
  });

  describe('keeps its memory alive', () => {
    it('when the region has been released', async () => {
      const region = taggedRegion();
      const { address } = vmOffer(peer.pid, region, VMO_GRANT_R);
      region.release();
      await expectClaimed(process.pid, address);
    });

    it('when the region and the offer are garbage', async () => {
      let isCollected = false;
      const registry = new FinalizationRegistry(() => (isCollected = true));
      const address = (() => {
        const region = taggedRegion();
        registry.register(region, undefined);
        return vmOffer(peer.pid, region, VMO_GRANT_R).address;
      })();
      await until('the region is collected', () => {
        collectGarbage();
        return isCollected;
      });
      await expectClaimed(process.pid, address);
    });
  });

  describe('that is cancelled', () => {
    it('by offer.cancel() cannot be claimed', async () => {
      using region = taggedRegion();
      const offer = vmOffer(peer.pid, region, VMO_GRANT_R);
      expect(offer.cancel()).to.be.true;
      expect(offer.state).to.equal('cancelled');
      await rejectionOf(peer.call('claim', process.pid, region.address), 'ERR_VMO_NOT_OFFERED');
      expect(await offer.claimed).to.equal('cancelled');
      await offer.released;
    });

    it('by a length of 0 cannot be claimed', async () => {
      using region = taggedRegion();
      const offer = vmOffer(peer.pid, region, VMO_GRANT_R);
      expect(vmOffer(peer.pid, region.address, 0)).to.be.true;
      expect(offer.state).to.equal('cancelled');
      await rejectionOf(peer.call('claim', process.pid, region.address), 'ERR_VMO_NOT_OFFERED');
      expect(await offer.claimed).to.equal('cancelled');
    });

    it('is not cancelled a second time', () => {
      using region = taggedRegion();
      const offer = vmOffer(peer.pid, region, VMO_GRANT_R);
      expect(offer.cancel()).to.be.true;
      expect(offer.cancel()).to.be.false;
      expect(vmOffer(peer.pid, region.address, 0)).to.be.false;
    });

    it('stays cancelled only for the process that it names', () => {
      using region = taggedRegion();
      const offer = vmOffer(peer.pid, region, VMO_GRANT_R);
      expect(vmOffer(process.pid, region.address, 0)).to.be.false;
      expect(offer.state).to.equal('pending');
      offer.cancel();
    });
  });

  describe('that has been claimed', () => {
    it('cannot be cancelled any more', async () => {
      using region = taggedRegion();
      const offer = vmOffer(peer.pid, region, VMO_GRANT_R);
      await expectClaimed(process.pid, region.address);
      await offer.claimed;
      const error = thrownBy(() => offer.cancel(), 'ERR_VMO_TOO_LATE');
      expect(error).to.include({ pid: peer.pid, address: region.address });
    });

    it('is not there to be cancelled by a length of 0', async () => {
      using region = taggedRegion();
      const offer = vmOffer(peer.pid, region, VMO_GRANT_R);
      await expectClaimed(process.pid, region.address);
      await offer.claimed;
      expect(vmOffer(peer.pid, region.address, 0)).to.be.false;
      expect(offer.state).to.equal('claimed');
    });

    it('is released when the claimer releases the claim, and not before', async () => {
      using region = taggedRegion();
      const offer = vmOffer(peer.pid, region, VMO_GRANT_R);
      const claim = await expectClaimed(process.pid, region.address);
      let isReleased = false;
      const released = offer.released.then(() => (isReleased = true));
      await peer.call('read', claim, 0);
      expect(isReleased).to.be.false;
      await peer.call('release', claim);
      await released;
    });

    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      it(`is released when the claimer ends by ${signal}`, async () => {
        await using claimer = await startObedient();
        using region = taggedRegion();
        const offer = vmOffer(claimer.pid, region, VMO_GRANT_R);
        await claimer.call('claim', process.pid, region.address);
        claimer.kill(signal);
        await offer.released;
        expect(await offer.claimed).to.equal('claimed');
        expectPages(region.view(), SEED);
      });
    }
  });

  describe('to a process that ends', () => {
    for (const how of ['normally', 'by SIGKILL'] as const) {
      it(`expires when it ends ${how}`, async () => {
        await using dest = await startObedient();
        using region = taggedRegion();
        const offer = vmOffer(dest.pid, region, VMO_GRANT_R);
        if (how === 'normally') dest.disconnect();
        else dest.kill('SIGKILL');
        expect(await offer.claimed).to.equal('expired');
        await offer.released;
        expect(offer.state).to.equal('expired');
        expect(offer.cancel()).to.be.false;
        expect(isSent(region.address)).to.be.false;
      });
    }

    it('expires even when that process had never used the library', async () => {
      await using dest = await startObedient();
      using region = taggedRegion();
      const offer = vmOffer(dest.pid, region, VMO_GRANT_R);
      dest.disconnect();
      expect(await offer.claimed).to.equal('expired');
    });

    it('leaves the offers to others standing', async () => {
      await using dest = await startObedient();
      using region = taggedRegion();
      const offer = vmOffer(dest.pid, region, VMO_GRANT_R);
      vmOffer(peer.pid, region, VMO_GRANT_R);
      dest.kill('SIGKILL');
      await offer.claimed;
      await expectClaimed(process.pid, region.address);
    });
  });

  it('has one promise for each of its endings', () => {
    using region = taggedRegion();
    const offer = vmOffer(peer.pid, region, VMO_GRANT_R);
    expect(offer.claimed).to.equal(offer.claimed);
    expect(offer.released).to.equal(offer.released);
    offer.cancel();
  });

  it('tells its ending to a caller that asks later', async () => {
    using region = taggedRegion();
    const offer = vmOffer(process.pid, region, VMO_GRANT_R);
    vmClaimSync(process.pid, region.address).release();
    await until('the offer is claimed', () => offer.state === 'claimed');
    expect(await offer.claimed).to.equal('claimed');
    await offer.released;
  });

  it('ends with its source', async () => {
    await using source = await startObedient();
    const { region } = await source.call('allocate', PAGES, SEED);
    const { address } = await source.call('offer', process.pid, region, VMO_GRANT_R);
    source.kill('SIGKILL');
    await source.ended;
    expect(vmListOfferSync().filter((offer) => offer.address === address && offer.srcPid === source.pid)).to.be.empty;
    await rejectionOf(vmClaim(source.pid, address), 'ERR_VMO_NO_PROCESS');
  });
});

import { expect } from 'chai';
import { allocate, incomingOffers, vmClaim, vmListOffer, vmOffer, VMO_GRANT_R } from 'vmoffer';
import type { TwoCopiesCommands } from '../../fixtures/two-copies.js';
import { startFixture, type Child } from '../support/child.js';
import { PackageCopy } from '../support/package-copy.js';
import { expectPages, fillPages, PAGE } from '../support/pages.js';
import { brokerSocketsOf } from '../support/sockets.js';
import { rejectionOf } from '../support/vmo-error.js';

const SEED = 101;
const COPIES = ['first', 'second'] as const;

interface Incoming {
  srcPid: number;
  address: bigint;
}

describe('two copies of the library in one process', () => {
  let copy: PackageCopy;
  let twofold: Child<TwoCopiesCommands>;
  before(() => {
    copy = new PackageCopy();
  });
  after(() => {
    copy[Symbol.dispose]();
  });
  beforeEach(async () => {
    twofold = await startFixture<TwoCopiesCommands>('two-copies', { args: [copy.url] });
  });
  afterEach(() => twofold[Symbol.asyncDispose]());

  it('listen at an address each', async () => {
    for (const which of COPIES) await twofold.call('list', which);
    const slots = brokerSocketsOf(twofold.pid).map(({ slot }) => slot);
    expect(slots).to.have.members([0, 1]);
  });

  for (const which of COPIES) {
    it(`offer: another process claims the memory of the ${which}`, async () => {
      for (const other of COPIES) await twofold.call('list', other);
      const address = await twofold.call('offer', which, process.pid, SEED);
      using claim = await vmClaim(twofold.pid, address);
      expectPages(claim.view(), SEED);
    });

    it(`claim: the ${which} claims memory of another process`, async () => {
      using region = allocate(4 * PAGE);
      fillPages(region.view(), SEED);
      vmOffer(twofold.pid, region, VMO_GRANT_R);
      expect(await twofold.call('claim', which, process.pid, region.address, SEED)).to.be.undefined;
    });

    it(`list: the ${which} lists offers of another process, and of the other copy`, async () => {
      using region = allocate(PAGE);
      const offer = vmOffer(twofold.pid, region, VMO_GRANT_R);
      const own = await twofold.call('offer', which === 'first' ? 'second' : 'first', twofold.pid, SEED);
      const received = (await twofold.call('list', which)).filter(({ direction }) => direction === 'received');
      expect(received.map(({ address }) => address)).to.have.members([region.address, own]);
      offer.cancel();
    });
  }

  it('give an offer to only one of them if both claim it', async () => {
    using region = allocate(4 * PAGE);
    fillPages(region.view(), SEED);
    vmOffer(twofold.pid, region, VMO_GRANT_R);
    const results = await Promise.allSettled(
      COPIES.map((which) => twofold.call('claim', which, process.pid, region.address, SEED)),
    );
    expect(results.map(({ status }) => status)).to.have.members(['fulfilled', 'rejected']);
  });

  it('claim from each other', async () => {
    const fromFirst = await twofold.call('offer', 'first', twofold.pid, SEED);
    const fromSecond = await twofold.call('offer', 'second', twofold.pid, SEED + 1);
    expect(await twofold.call('claim', 'second', twofold.pid, fromFirst, SEED)).to.be.undefined;
    expect(await twofold.call('claim', 'first', twofold.pid, fromSecond, SEED + 1)).to.be.undefined;
  });

  it('give the same answer if neither has the requested offer', async () => {
    for (const which of COPIES) await twofold.call('list', which);
    await rejectionOf(vmClaim(twofold.pid, 0x7000_0000n), 'ERR_VMO_NOT_OFFERED');
  });

  it('are both listed by another process', async () => {
    const addresses = [
      await twofold.call('offer', 'first', process.pid, SEED),
      await twofold.call('offer', 'second', process.pid, SEED),
    ];
    const found = (await vmListOffer()).filter(({ srcPid }) => srcPid === twofold.pid);
    expect(found.map(({ address }) => address)).to.have.members(addresses);
  });

  for (const { title, isEarly } of [
    { title: 'before it watched', isEarly: true },
    { title: 'while it watches', isEarly: false },
  ]) {
    it(`are both heard by another process, each offer once, if it was made ${title}`, async () => {
      const told: bigint[] = [];
      const watch = async (): Promise<void> => {
        for await (const { address } of incomingOffers({ from: twofold.pid })) {
          told.push(address);
          if (told.length === 4) break;
        }
      };
      const early = isEarly ? undefined : watch();
      const made = [];
      for (const which of ['first', 'second', 'second', 'first'] as const) {
        made.push(await twofold.call('offer', which, process.pid, SEED));
      }
      await (early ?? watch());
      expect(told).to.have.members(made);
    });
  }

  it('both hear the offers of another process', async () => {
    for (const which of COPIES) await twofold.call('watch', which, process.pid);
    using region = allocate(PAGE);
    const offer = vmOffer(twofold.pid, region, VMO_GRANT_R);
    for (const which of COPIES) {
      const incoming = await twofold.event<Incoming>(`incoming ${which}`);
      expect(incoming).to.deep.equal({ srcPid: process.pid, address: region.address });
    }
    offer.cancel();
  });
});

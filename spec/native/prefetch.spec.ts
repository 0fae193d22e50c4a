import { expect } from 'chai';
import {
  allocate,
  incomingOffers,
  VMO_GRANT_R,
  VMO_GRANT_W,
  vmClaim,
  vmOffer,
  type Claim,
  type ClaimOptions,
  type Region,
} from 'vmoffer';
import { addressOfPage, claimOwn, touch } from '../support/own-claim.js';
import { expectPages, fillPages, PAGE } from '../support/pages.js';
import { parked, probe, touchOnThread } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';
import { presentCount, presentRuns } from '../support/residency.js';
import { rejectionOf } from '../support/vmo-error.js';

const PAGES = 4096;
const STEP_PAGES = 1024;

async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('it resolved'),
    (reason: unknown) => reason,
  );
}

for (const paging of ['userfault', 'kernel'] as const) {
  describe(`prefetch with paging: '${paging}'`, () => {
    let source: Region;
    let claim: Claim;
    const options: ClaimOptions = { paging };

    before(function () {
      if (paging === 'userfault') requires(this, needs.userfault);
    });
    beforeEach(() => {
      source = allocate(PAGES * PAGE);
      fillPages(source.view(), 1);
      claim = claimOwn(source, VMO_GRANT_R, options);
    });

    afterEach(() => {
      claim.release();
      source.release();
    });

    it('installs the requested range, widened to whole pages', async () => {
      await claim.prefetch({ byteOffset: 100 * PAGE + 1, byteLength: 50 * PAGE });
      const [run] = presentRuns(claim.address, claim.byteLength);
      expect(run?.firstPage).to.be.at.most(100);
      expect((run?.firstPage ?? 0) + (run?.pageCount ?? 0)).to.be.at.least(151);
      if (paging === 'userfault') expect(run).to.deep.equal({ firstPage: 100, pageCount: 51 });
    });

    it('installs the whole claim by default, with the right bytes', async () => {
      await claim.prefetch();
      expect(presentCount(claim.address, claim.byteLength)).to.equal(PAGES);
      expectPages(claim.view(), 1);
      expect(claim.stats().faults).to.equal(0);
    });

    it('installs pages that the source never touched', async () => {
      using untouched = allocate(PAGES * PAGE);
      for (const flags of [VMO_GRANT_R, VMO_GRANT_W]) {
        using whole = claimOwn(untouched, flags, options);
        await whole.prefetch();
        expect(presentCount(whole.address, whole.byteLength), `flags ${flags}`).to.equal(PAGES);
      }
    });

    it('reports its progress, up to the end', async () => {
      const progress: number[] = [];
      await claim.prefetch({
        onProgress: ({ bytesDone, bytesTotal }) => {
          expect(bytesTotal).to.equal(PAGES * PAGE);
          progress.push(bytesDone / PAGE);
        },
      });
      expect(progress).to.deep.equal([1, 2, 3, 4].map((step) => step * STEP_PAGES));
    });

    it('stops when it is aborted, and rejects with the reason', async () => {
      const controller = new AbortController();
      const reason = new Error('enough');
      const onProgress = () => {
        controller.abort(reason);
      };
      const thrown = await reasonOf(claim.prefetch({ signal: controller.signal, onProgress }));
      expect(thrown).to.equal(reason);
      expect(presentCount(claim.address, claim.byteLength)).to.be.within(STEP_PAGES, PAGES - 1);
      expect(await reasonOf(claim.prefetch({ signal: controller.signal }))).to.equal(reason);
    });

    it('ends if the claim is released meanwhile', async () => {
      const onProgress = () => {
        claim.release();
      };
      await rejectionOf(claim.prefetch({ onProgress }), 'ERR_VMO_INVALID_ARGUMENT');
      await rejectionOf(claim.prefetch(), 'ERR_VMO_INVALID_ARGUMENT');
    });

    it('rejects with the error that onProgress throws', async () => {
      const oops = new Error('oops');
      const onProgress = () => {
        throw oops;
      };
      expect(await reasonOf(claim.prefetch({ onProgress }))).to.equal(oops);
    });

    it('serves higher priorities first', async function () {
      requires(this, needs.probe, needs.userfault);
      using other = claimOwn(source, VMO_GRANT_R, { paging: 'userfault' });
      // Two steps go on at once. This one does not end, so the others come one after the other.
      probe().park('prefetch.step');
      const endless = other.prefetch({ byteLength: STEP_PAGES * PAGE });
      await parked('prefetch.step');
      const order: string[] = [];
      const run = (name: string, priority: number) =>
        claim.prefetch({ byteLength: STEP_PAGES * PAGE, priority }).then(() => order.push(name));
      try {
        await Promise.all([run('first come', 0), run('low', -1), run('high', 5), run('low again', -1)]);
      } finally {
        probe().unpark('prefetch.step');
      }
      await endless;
      expect(order).to.deep.equal(['first come', 'high', 'low', 'low again']);
    });

    it('leaves pages alone that are private already', async () => {
      claim.view(10 * PAGE, PAGE).fill(0xee);
      await claim.prefetch();
      expect(claim.view(10 * PAGE, PAGE).every((byte) => byte === 0xee)).to.be.true;
      expectPages(claim.view(11 * PAGE), 1, 11);
    });

    it('survives concurrent touches and a release', async () => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, async () => {
          const other = claimOwn(source, VMO_GRANT_R, options);
          const done = other.prefetch();
          touch(other, 3000);
          await Promise.resolve();
          other.release();
          await done;
        }),
      );
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).to.include({ code: 'ERR_VMO_INVALID_ARGUMENT' });
      }
      expectPages(source.view(), 1);
    });
  });
}

describe('prefetch and stats', () => {
  it('count its pages apart from those of faults', async function () {
    requires(this, needs.userfault);
    using source = allocate(PAGES * PAGE);
    fillPages(source.view(), 1);
    using claim = claimOwn(source, VMO_GRANT_R, { paging: 'userfault' });
    touch(claim, 0);
    await claim.prefetch({ byteLength: 100 * PAGE });
    await claim.prefetch({ byteLength: 100 * PAGE });
    expect(claim.stats()).to.include({ faults: 1, pagesByFault: 4, pagesByPrefetch: 96 });
  });
});

describe('a touch in the middle of a prefetch', () => {
  /** Two steps go on at once, and either may be the one that is parked. The last step begins when both are done. */
  const LAST_STEP = PAGES - STEP_PAGES;
  let source: Region;

  before(function () {
    requires(this, needs.probe, needs.userfault);
  });
  beforeEach(() => {
    source = allocate(PAGES * PAGE);
    fillPages(source.view(), 1);
  });

  afterEach(() => {
    probe().unpark('prefetch.step');
    source.release();
  });

  /** The first prefetch of each claim waits at its first step, and holds nothing that a fault needs. */
  for (const page of [0, STEP_PAGES - 1, PAGES - 1]) {
    it(`is answered at once, on page ${page}, and every page is installed once`, async () => {
      using claim = claimOwn(source, VMO_GRANT_R, { paging: 'userfault' });
      probe().park('prefetch.step');
      const prefetched = claim.prefetch({ byteLength: STEP_PAGES * PAGE });
      await parked('prefetch.step');
      expect(await touchOnThread(addressOfPage(claim, page))).to.equal(source.view(page * PAGE, 1)[0]);
      expect(claim.stats()).to.include({ faults: 1, pagesByPrefetch: 0 });
      probe().unpark('prefetch.step');
      await prefetched;
      await claim.prefetch();
      const { pagesByFault, pagesByPrefetch } = claim.stats();
      expect(pagesByFault + pagesByPrefetch).to.equal(PAGES);
      expectPages(claim.view(), 1);
    });
  }

  for (const how of ['vmClaim', 'incoming.claim'] as const) {
    it(`that ${how}({ prefetch: true }) began is answered at once, too`, async () => {
      const options = { paging: 'userfault', prefetch: true } as const;
      probe().park('prefetch.step');
      using claim = await claimBy(how, options);
      await parked('prefetch.step');
      expect(await touchOnThread(addressOfPage(claim, LAST_STEP))).to.equal(source.view(LAST_STEP * PAGE, 1)[0]);
      probe().unpark('prefetch.step');
      await claim.prefetch();
      expect(claim.stats().faults).to.equal(1);
      expectPages(claim.view(), 1);
    });
  }

  async function claimBy(how: 'vmClaim' | 'incoming.claim', options: ClaimOptions): Promise<Claim> {
    const { address } = vmOffer(process.pid, source, VMO_GRANT_R);
    if (how === 'vmClaim') return vmClaim(process.pid, address, options);
    for await (const incoming of incomingOffers({ from: process.pid })) {
      if (incoming.address === address) return incoming.claim(options);
    }
    throw new Error('the offer did not come in');
  }
});

describe('claims that are prefetched from the start', () => {
  for (const transfer of ['map', 'pull'] as const) {
    it(`may be released at any time (${transfer}): the prefetch ends silently`, async () => {
      using source = allocate(PAGES * PAGE);
      fillPages(source.view(), 1);
      for (let turn = 0; turn < 20; turn++) {
        const { address } = vmOffer(process.pid, source, VMO_GRANT_R);
        using claim = await vmClaim(process.pid, address, { transfer, prefetch: true });
        expect(touch(claim, turn)).to.equal(source.view(turn * PAGE, 1)[0]);
      }
      expectPages(source.view(), 1);
    });
  }
});

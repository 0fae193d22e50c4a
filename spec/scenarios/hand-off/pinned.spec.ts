import { expect } from 'chai';
import { allocate, vmClaim, vmOffer, VMO_DISOWN, VMO_DROP_W, VMO_GRANT_R, type Offer, type Region } from 'vmoffer';
import { startHostile, type Child } from '../../support/child.js';
import { expectPages, fillPages, isZeroed, PAGE } from '../../support/pages.js';

const SEED = 389;
const PAGES = 5;
/** The kernel waits at least 150 ms for each. */
const PINNED = 12;
const LAST_WRITER = VMO_GRANT_R | VMO_DROP_W;

function allocateFilled(): Region {
  const region = allocate(PAGES * PAGE);
  fillPages(region.view(0, (PAGES - 1) * PAGE), SEED); // and a hole
  return region;
}

function first(regions: Region[]): Region {
  const [region] = regions;
  if (region === undefined) throw new Error('nothing was pinned');
  return region;
}

describe('a claimer that pins what it claims', () => {
  let rogue: Child;
  let regions: Region[];
  let offers: Offer[];
  beforeEach(async () => {
    rogue = await startHostile('rogue_claimer', [process.pid]);
    regions = [];
    offers = [];
  });
  afterEach(async () => {
    await rogue[Symbol.asyncDispose]();
    for (const offer of offers) await offer.released;
    for (const region of regions) region.release();
  });

  async function asked<T>(what: string, address = 0n): Promise<T> {
    rogue.say(`${what} ${address}`);
    return rogue.event<T>('result');
  }

  async function pin(count: number, flags: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const region = allocateFilled();
      regions.push(region);
      offers.push(vmOffer(rogue.pid, region, flags));
      expect(await asked('takes-and-pins', region.address)).to.include({ is: 'terms' });
    }
  }

  async function countAnswered(): Promise<number> {
    return (await asked<{ answered: number }>('counts-answers-to-pinned')).answered;
  }

  /** Releases the memory, but keeps its pages pinned. */
  async function letGo(): Promise<void> {
    await asked('lets-go-of-pinned');
    for (const offer of offers) await offer.released;
  }

  async function readAnswers(): Promise<string[]> {
    return (await asked<{ said: string[] }>('reads-answers-to-pinned')).said;
  }

  for (const [name, flags] of [
    ['memory that its source writes no more', LAST_WRITER],
    ['memory that its source has no more', VMO_GRANT_R | VMO_DISOWN],
  ] as const) {
    it(`holds up nobody else's share, nor seal: ${name}`, async () => {
      await pin(PINNED, flags);
      using shared = allocateFilled();
      using share = await vmClaim(process.pid, vmOffer(process.pid, shared, VMO_GRANT_R).address);
      expectPages(share.view(0, PAGE), SEED);
      using dropped = allocateFilled();
      using claim = await vmClaim(process.pid, vmOffer(process.pid, dropped, LAST_WRITER).address);
      expect(claim.immutable).to.be.true;
      expect(await countAnswered()).to.be.below(PINNED);
      expect(await readAnswers()).to.deep.equal(new Array(PINNED).fill('done'));
    });
  }

  for (const [name, flags] of [
    ['claimed', VMO_GRANT_R],
    ['claimed by the last who may write', LAST_WRITER],
    ['disowned', VMO_GRANT_R | VMO_DISOWN],
  ] as const) {
    it(`does not keep it from being immutable for later claimers: it is ${name}`, async () => {
      await pin(1, LAST_WRITER);
      expect(await readAnswers()).to.deep.equal(['done']);
      const region = first(regions);
      region.view().fill(0xee, 0, 8); // writes to the source's own copy
      if (flags & VMO_DISOWN) await letGo();
      const next = vmOffer(process.pid, region, flags);
      using claim = await vmClaim(process.pid, next.address);
      expect(claim.immutable).to.be.true;
      expectPages(claim.view(0, (PAGES - 1) * PAGE), SEED);
      expect(isZeroed(claim.view((PAGES - 1) * PAGE))).to.be.true;
      if (flags & VMO_DISOWN) return;
      expect(region.view()[0]).not.to.equal(claim.view()[0]);
    });
  }

  it('and ends while its seals are tried counts as the claimer, and has released the memory', async () => {
    await pin(PINNED, LAST_WRITER);
    for (const offer of offers) expect(await offer.claimed).to.equal('claimed');
    rogue.kill('SIGKILL');
    for (const offer of offers) await offer.released;
    using claim = await vmClaim(process.pid, vmOffer(process.pid, first(regions), VMO_GRANT_R).address);
    expectPages(claim.view(0, (PAGES - 1) * PAGE), SEED);
  });
});

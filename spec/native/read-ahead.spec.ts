import { expect } from 'chai';
import { allocate, VMO_GRANT_R, VMO_GRANT_W, type Claim, type ClaimOptions, type Region } from 'vmoffer';
import { until } from '../support/barriers.js';
import { objectBytes } from '../support/objects.js';
import { claimOwn, touch } from '../support/own-claim.js';
import { expectPages, fillPages, PAGE } from '../support/pages.js';
import { probe } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';
import { presentCount, presentRuns } from '../support/residency.js';

const PAGES = 8192;
/** How many pages four faults of a sequential reader have installed when read-ahead begins. */
const READ = 4 + 16 + 64 + 256;
const FIRST_ORDER = 512;

function readOn(claim: Claim, first: number, end: number): void {
  for (let page = first; page < end; page++) touch(claim, page);
}

/** Causes the faults of the first windows. The last one begins at page 84. */
function beginToRead(claim: Claim): void {
  readOn(claim, 0, 85);
}

function pagesAhead(claim: Claim, count: number): Promise<void> {
  return until(`${count} pages have been read ahead`, () => claim.stats().pagesByReadAhead === count);
}

describe('read-ahead', () => {
  let source: Region;
  before(function () {
    requires(this, needs.userfault, needs.severalCores);
  });
  beforeEach(() => {
    source = allocate(PAGES * PAGE);
    fillPages(source.view(), 1);
  });
  afterEach(() => {
    source.release();
  });

  function claimBy(options: ClaimOptions = {}): Claim {
    return claimOwn(source, VMO_GRANT_R, { paging: 'userfault', ...options });
  }

  for (const transfer of ['map', 'pull'] as const) {
    it(`installs the pages that a sequential reader will reach, except the tripwire (${transfer})`, async () => {
      using claim = claimBy({ transfer });
      beginToRead(claim);
      await pagesAhead(claim, FIRST_ORDER - 1);
      expect(presentRuns(claim.address, claim.byteLength)).to.deep.equal([
        { firstPage: 0, pageCount: READ },
        { firstPage: READ + 1, pageCount: FIRST_ORDER - 1 },
      ]);
      expect(claim.stats()).to.include({ faults: 4, pagesByFault: READ, readAheadHits: 0, readAheadWaste: 0 });
    });

    it(`continues while the reader does, and stops when it stops (${transfer})`, async () => {
      using claim = claimBy({ transfer });
      beginToRead(claim);
      await pagesAhead(claim, FIRST_ORDER - 1);
      readOn(claim, 85, READ + 1);
      await pagesAhead(claim, FIRST_ORDER - 1 + 2 * FIRST_ORDER - 1);
      readOn(claim, READ + 1, READ + FIRST_ORDER);
      expect(claim.stats()).to.include({ faults: 5, pagesByFault: READ + 1, readAheadHits: 0 });
      touch(claim, READ + FIRST_ORDER);
      expect(claim.stats()).to.include({ faults: 6, readAheadHits: FIRST_ORDER - 1 });
    });

    it(`delivers every byte, and each page once (${transfer})`, () => {
      using claim = claimBy({ transfer });
      expectPages(claim.view(), 1);
      const { pagesByFault, pagesByReadAhead, readAheadHits, readAheadWaste } = claim.stats();
      expect(pagesByFault + pagesByReadAhead).to.equal(PAGES);
      expect(presentCount(claim.address, claim.byteLength)).to.equal(PAGES);
      expect(readAheadHits).to.equal(pagesByReadAhead);
      expect(readAheadWaste).to.equal(0);
    });
  }

  it('runs ahead of a reader that goes downwards', async () => {
    using claim = claimBy();
    for (let page = PAGES - 1; page >= PAGES - 86; page--) touch(claim, page);
    await pagesAhead(claim, FIRST_ORDER - 1);
    const firstPage = PAGES - (1 + 4 + 16 + 64 + 256) - FIRST_ORDER;
    expect(presentRuns(claim.address, claim.byteLength)[0]).to.deep.equal({ firstPage, pageCount: FIRST_ORDER - 1 });
  });

  it('runs ahead of a writer', () => {
    using claim = claimOwn(source, VMO_GRANT_W, { paging: 'userfault' });
    fillPages(claim.view(), 2);
    expectPages(source.view(), 2);
    const { pagesByFault, pagesByReadAhead } = claim.stats();
    expect(pagesByFault + pagesByReadAhead).to.equal(PAGES);
  });

  it('takes no memory for holes', async () => {
    using empty = allocate(PAGES * PAGE);
    using claim = claimOwn(empty, VMO_GRANT_R, { paging: 'userfault' });
    beginToRead(claim);
    await until('the helper has looked', () => claim.stats().readAheadWaste > 0);
    expect(objectBytes(empty)).to.equal(READ * PAGE);
    expect(claim.stats().pagesByReadAhead).to.equal(0);
  });

  it('gives way if it would take memory and memory is short', async function () {
    requires(this, needs.probe);
    using claim = claimBy({ transfer: 'pull' });
    probe().deny('memory to spare', true);
    try {
      beginToRead(claim);
      await until('the helper has looked', () => claim.stats().readAheadWaste > 0);
      expect(claim.stats().pagesByReadAhead).to.equal(0);
      expectPages(claim.view(), 1);
    } finally {
      probe().deny('memory to spare', false);
    }
  });

  it('takes no memory of its own if pages are mapped', async function () {
    requires(this, needs.probe);
    using claim = claimBy();
    probe().deny('memory to spare', true);
    try {
      beginToRead(claim);
      await pagesAhead(claim, FIRST_ORDER - 1);
    } finally {
      probe().deny('memory to spare', false);
    }
  });

  it('ends with its region, whatever it was doing', () => {
    for (let times = 0; times < 50; times++) {
      const claim = claimBy({ transfer: times % 2 === 0 ? 'map' : 'pull' });
      beginToRead(claim);
      claim.release();
      using successor = claimOwn(source, VMO_GRANT_R, { paging: 'userfault' });
      expect(presentCount(successor.address, successor.byteLength)).to.equal(0);
    }
  });

  it('serves several readers of one claim', () => {
    using claim = claimBy();
    const half = PAGES / 2;
    for (let page = 0; page < half; page++) {
      touch(claim, page);
      touch(claim, half + page);
    }
    expect(presentCount(claim.address, claim.byteLength)).to.equal(PAGES);
    const { pagesByFault, pagesByReadAhead } = claim.stats();
    expect(pagesByFault + pagesByReadAhead).to.equal(PAGES);
  });
});

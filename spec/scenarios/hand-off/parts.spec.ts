import { expect } from 'chai';
import { allocate, vmClaim, vmOffer, VMO_DISOWN, VMO_GRANT_R, VMO_GRANT_W, type Region } from 'vmoffer';
import { startHostile } from '../../support/child.js';
import { holdersOf } from '../../support/holders.js';
import { mappingAt } from '../../support/mappings.js';
import { startObedient, type Obedient } from '../../support/obedient.js';
import { expectPages, fillPages, isZeroed, PAGE } from '../../support/pages.js';
import { parked, probe } from '../../support/probe.js';
import { needs, requires } from '../../support/requires.js';
import { describeForUsers } from '../../support/users.js';
import { rejectionOf, thrownBy } from '../../support/vmo-error.js';

const SEED = 321;
const PAGES = 100;
const FIRST = 10;
const COUNT = 11;
const SHARED = VMO_GRANT_R | VMO_GRANT_W;
const OFFERED = Array.from({ length: COUNT }, (_, at) => FIRST + at);

const FLAGS = [
  { name: 'granted R', flags: VMO_GRANT_R },
  { name: 'granted R and W', flags: SHARED },
  { name: 'disowned', flags: SHARED | VMO_DISOWN },
];

/** The routes by which a claimer reaches the memory that it was granted. */
const OPEN_ROUTES = [
  'pread',
  'a shared mapping',
  'a private mapping',
  'sendfile',
  'the descriptor opened anew to read',
  'making the object longer',
  'every descriptor',
  'every mapping',
];

describeForUsers('pages 10 to 20 of 100', (user) => {
  let claimer: Obedient;
  let region: Region;
  beforeEach(async () => {
    claimer = await startObedient({ user });
    region = allocate(PAGES * PAGE);
    fillPages(region.view(), SEED);
  });
  afterEach(async () => {
    region.release();
    await claimer[Symbol.asyncDispose]();
  });

  async function claimPart(flags: number, options = {}, first = FIRST, count = COUNT) {
    const offer = vmOffer(claimer.pid, region.range(first * PAGE, count * PAGE), flags);
    const claim = await claimer.call('claim', process.pid, offer.address, options);
    return { ...claim, offer };
  }

  for (const { name, flags } of FLAGS) {
    for (const transfer of ['map', 'pull'] as const) {
      it(`${name} are all that a claimer by '${transfer}' has in its descriptors and mappings`, async () => {
        const part = await claimPart(flags, { transfer });
        expect(part.byteLength).to.equal(COUNT * PAGE);
        expect(await claimer.call('difference', part.region, SEED + 1)).not.to.be.undefined;
        expect(await claimer.call('pagesInReach', SEED)).to.deep.equal(OFFERED);
      });
    }
  }

  for (const { name, flags } of FLAGS) {
    it(`${name} are all that a hostile claimer can reach, whatever it tries`, async () => {
      await using hostile = await startHostile('reach', [process.pid, SEED], { user });
      const offer = vmOffer(hostile.pid, region.range(FIRST * PAGE, COUNT * PAGE), flags);
      hostile.say(String(offer.address));
      const reached = await hostile.event<Record<string, number[]>>('reached');
      for (const [route, pages] of Object.entries(reached))
        expect(pages, route).to.deep.equal(pages.length === 0 ? [] : OFFERED);
      for (const route of OPEN_ROUTES) expect(reached[route], route).to.deep.equal(OFFERED);
    });
  }

  it('are found to be more by the same routes if the whole is granted', async () => {
    await using hostile = await startHostile('reach', [process.pid, SEED], { user });
    hostile.say(String(vmOffer(hostile.pid, region, VMO_GRANT_R).address));
    const reached = await hostile.event<Record<string, number[]>>('reached');
    for (const route of OPEN_ROUTES) expect(reached[route], route).to.have.lengthOf(PAGES);
  });

  it('are found to be more if the whole is granted', async () => {
    const whole = await claimPart(VMO_GRANT_R, {}, 0, PAGES);
    await claimer.call('read', whole.region, 0);
    expect(await claimer.call('pagesInReach', SEED)).to.have.lengthOf(PAGES);
  });

  it('leave the source its addresses, and every byte in them', async () => {
    const { address } = region;
    const view = region.view();
    await claimPart(SHARED);
    expect(region.address).to.equal(address);
    expect(view.byteLength).to.equal(PAGES * PAGE);
    expectPages(view, SEED);
  });

  it('granted W are one memory with the source, and the pages beside them are the source’s own', async () => {
    const part = await claimPart(SHARED);
    const view = region.view();
    await claimer.call('writeAll', part.region, 0xcc);
    const ofClaimer = view.subarray(FIRST * PAGE, (FIRST + COUNT) * PAGE);
    expect(ofClaimer.every((byte) => byte === 0xcc)).to.be.true;
    expectPages(view.subarray(0, FIRST * PAGE), SEED);
    expectPages(view.subarray((FIRST + COUNT) * PAGE), SEED, FIRST + COUNT);
    for (const page of [9, 10, 20, 21]) view[page * PAGE] = page;
    expect(await claimer.call('read', part.region, 0)).to.equal(10);
    expect(await claimer.call('read', part.region, 10 * PAGE)).to.equal(20);
    expect([9, 21].map((page) => view[page * PAGE])).to.deep.equal([9, 21]);
  });

  it('disowned read as zeros at the source from then on, and its other pages stay as they were', async () => {
    const part = await claimPart(SHARED | VMO_DISOWN);
    const view = region.view();
    const gone = view.subarray(FIRST * PAGE, (FIRST + COUNT) * PAGE);
    expect(isZeroed(gone)).to.be.true;
    gone.fill(0xee);
    expect(await claimer.call('pagesInReach', SEED)).to.deep.equal(OFFERED);
    expect(region.disowned).to.be.false;
    expectPages(view.subarray(0, FIRST * PAGE), SEED);
    expectPages(view.subarray((FIRST + COUNT) * PAGE), SEED, FIRST + COUNT);
    expect(mappingAt(region.address + BigInt(FIRST * PAGE))?.inode).to.equal(0);
    thrownBy(() => vmOffer(claimer.pid, region, VMO_GRANT_R), 'ERR_VMO_NOT_OWNED');
    expect(await claimer.call('read', part.region, 0)).not.to.equal(0xee);
    const after = await claimPart(VMO_GRANT_R, {}, FIRST + COUNT, 5);
    expect(await claimer.call('read', after.region, 0)).to.equal(view[(FIRST + COUNT) * PAGE]);
  });

  it('are ERR_VMO_BUSY while the whole is shared, and so is the whole while they are', async function () {
    // Otherwise the offer itself is refused: a part is carved when it is offered.
    requires(this, needs.userfault);
    const whole = await claimPart(SHARED, {}, 0, PAGES);
    const refused = vmOffer(claimer.pid, region.range(FIRST * PAGE, COUNT * PAGE), SHARED);
    const error = await rejectionOf(claimer.call('claim', process.pid, refused.address), 'ERR_VMO_BUSY');
    expect(error.message).to.match(/shares this memory.*; the offer stands$/);
    expect(refused.state).to.equal('pending');
    await claimer.call('release', whole.region);
    await whole.offer.released;
    const part = await claimer.call('claim', process.pid, refused.address);
    const again = vmOffer(claimer.pid, region, SHARED);
    await rejectionOf(claimer.call('claim', process.pid, again.address), 'ERR_VMO_BUSY');
    await claimer.call('release', part.region);
    await refused.released;
    const wholeAgain = await claimer.call('claim', process.pid, again.address);
    expect(await claimer.call('difference', wholeAgain.region, SEED)).to.be.undefined;
    region.view()[50 * PAGE] = 1;
    expect(await claimer.call('read', wholeAgain.region, 50 * PAGE)).to.equal(1);
  });

  it('can be shared while other pages are shared with other processes', async () => {
    await using other = await startObedient();
    await claimPart(SHARED);
    const beside = vmOffer(other.pid, region.range(30 * PAGE, 5 * PAGE), SHARED);
    const claim = await other.call('claim', process.pid, beside.address);
    await other.call('write', claim.region, 0, 0x11);
    expect(region.view()[30 * PAGE]).to.equal(0x11);
    expect(await claimer.call('pagesInReach', SEED)).to.deep.equal(OFFERED);
  });

  it('can be disowned piece by piece, until the whole region is gone', async () => {
    const view = region.view();
    for (let first = 0; first < PAGES; first += 25) await claimPart(SHARED | VMO_DISOWN, {}, first, 25);
    expect(await claimer.call('pagesInReach', SEED)).to.have.lengthOf(PAGES);
    expect(region.disowned).to.be.true;
    await new Promise(setImmediate);
    expect(view.byteLength).to.equal(0);
  });

  it('stay claimable when the region is released', async () => {
    const offer = vmOffer(process.pid, region.range(FIRST * PAGE, COUNT * PAGE), VMO_GRANT_R);
    region.release();
    using claim = await vmClaim(process.pid, offer.address);
    expectPages(claim.view(), SEED, FIRST);
  });
});

describe('the thread that has carved a part', () => {
  before(function () {
    // Otherwise the part is carved when it is offered, by the thread that offers it.
    requires(this, needs.probe, needs.userfault);
  });
  afterEach(() => {
    probe().unpark('carver.rests');
  });

  for (const { name, flags } of FLAGS.slice(1)) {
    it(`keeps nothing of it, even if it stays busy: the part is ${name}, and the region released`, async () => {
      await using claimer = await startObedient();
      const region = allocate(PAGES * PAGE);
      fillPages(region.view(), SEED);
      const offer = vmOffer(claimer.pid, region.range(FIRST * PAGE, COUNT * PAGE), flags);
      region.release();
      probe().park('carver.rests');
      const claim = await claimer.call('claim', process.pid, offer.address, {});
      await parked('carver.rests');
      expect(await offer.claimed).to.equal('claimed');
      const inode = await claimer.call('inode', claim.region);
      expect(holdersOf(inode, [process.pid, claimer.pid])).to.deep.equal([claimer.pid]);
    });
  }
});

describe('the writers of parts', () => {
  let source: Obedient;
  before(function () {
    requires(this, needs.userfault);
  });
  beforeEach(async () => {
    source = await startObedient();
  });
  afterEach(() => source[Symbol.asyncDispose]());

  it('are held up by one userfaultfd, which is kept: closing one takes longer the more mappings there are', async () => {
    const { region } = await source.call('allocate', PAGES, SEED);
    const whole = await source.call('offer', process.pid, region, VMO_GRANT_R);
    expect(await source.call('userfaultDescriptors'), 'nothing has been carved').to.deep.equal([]);
    await source.call('cancel', whole.offer);
    for (let page = 0; page < 5; page++) {
      const { address } = await source.call('offerPages', process.pid, region, 2 * page, 1, SHARED);
      using claim = await vmClaim(source.pid, address);
      expectPages(claim.view(), SEED, 2 * page);
      expect(await source.call('userfaultDescriptors')).to.have.lengthOf(1);
    }
  });

  it('are held up even if there was no descriptor for it when the first part was offered', async () => {
    const { region } = await source.call('allocate', PAGES, SEED);
    await source.call('leaveDescriptors', 0);
    await rejectionOf(source.call('offerPages', process.pid, region, FIRST, COUNT, SHARED), 'ERR_VMO_TOO_MANY');
    await source.call('freeDescriptors');
    const { address } = await source.call('offerPages', process.pid, region, FIRST, COUNT, SHARED);
    expect(await source.call('inodes', region), 'it is carved when it is claimed').to.have.lengthOf(1);
    using claim = await vmClaim(source.pid, address);
    expectPages(claim.view(), SEED, FIRST);
    expect(await source.call('inodes', region)).to.have.lengthOf(3);
  });
});

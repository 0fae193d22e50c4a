import { expect } from 'chai';
import {
  allocate,
  VMO_DISOWN,
  VMO_DROP_W,
  VMO_DROP_X,
  VMO_GRANT_R,
  VMO_GRANT_W,
  VMO_GRANT_X,
  VMO_GRANTALL,
  vmOffer,
  type Region,
} from 'vmoffer';
import { GRANTS } from '../../support/grants.js';
import { holdersOf } from '../../support/holders.js';
import { mappingAt } from '../../support/mappings.js';
import { startObedient, type Obedient } from '../../support/obedient.js';
import { addressOfPage } from '../../support/own-claim.js';
import { expectPages, fillPages, PAGE } from '../../support/pages.js';
import { describeForUsers } from '../../support/users.js';
import { thrownBy } from '../../support/vmo-error.js';

const SEED = 391;
const PAGES = 32;
const [R, W, X] = [VMO_GRANT_R, VMO_GRANT_W, VMO_GRANT_X];
const PUBLISHED = R | VMO_DROP_W;

describeForUsers('memory that its source gives up writing', (user) => {
  let claimers: Obedient[];
  let claimer: Obedient;
  let region: Region;
  before(async () => {
    claimers = await Promise.all([1, 2, 3].map(() => startObedient({ user })));
    [claimer] = claimers as [Obedient];
  });
  after(async () => {
    for (const each of claimers) await each[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    region = allocate(PAGES * PAGE);
    fillPages(region.view(), SEED);
  });
  afterEach(() => {
    region.release();
  });

  function claim(flags: number, by = claimer, options = {}) {
    return by.call('claim', process.pid, vmOffer(by.pid, region, flags).address, options);
  }

  const differenceAt = (by: Obedient, handle: number) => by.call('difference', handle, SEED);

  it('can still be read by it, at the same address and in the same buffer', async () => {
    const { address } = region;
    const view = region.view();
    await claim(PUBLISHED);
    expect([region.address, view.byteLength, region.disowned]).to.deep.equal([address, PAGES * PAGE, false]);
    expectPages(view, SEED);
    expect(mappingAt(address)?.permissions).to.equal('rw-p');
  });

  it('shows later writes only to the source', async () => {
    const view = region.view();
    const first = await claim(PUBLISHED);
    view.fill(0xee, 0, 2 * PAGE);
    expect(view.subarray(0, 2 * PAGE).every((byte) => byte === 0xee)).to.be.true;
    expectPages(view.subarray(2 * PAGE), SEED, 2);
    const second = await claim(R, claimers[1]);
    expect(await differenceAt(claimer, first.region)).to.be.undefined;
    expect(await differenceAt(claimers[1] ?? claimer, second.region)).to.be.undefined;
  });

  it('is immutable for each of several claimers, whether they got the same offer or one to read', async () => {
    const offers = claimers.slice(0, 2).map(({ pid }) => vmOffer(pid, region, PUBLISHED));
    const claims = await Promise.all(
      offers.map(({ address }, at) => (claimers[at] ?? claimer).call('claim', process.pid, address)),
    );
    claims.push(await claim(R, claimers[2]));
    expect(claims.map(({ immutable }) => immutable)).to.deep.equal([true, true, true]);
    for (const [at, each] of claimers.entries()) {
      expect(await differenceAt(each, claims[at]?.region ?? 0)).to.be.undefined;
      await each.call('writeAll', claims[at]?.region ?? 0, at);
    }
    expectPages(region.view(), SEED);
  });

  it('is immutable for a process that receives it from a claimer', async () => {
    const { region: handle } = await claim(PUBLISHED);
    const [, third] = claimers as [Obedient, Obedient];
    const { address } = await claimer.call('offer', third.pid, handle, R);
    const onward = await third.call('claim', claimer.pid, address);
    expect(onward.immutable).to.be.true;
    expect(await differenceAt(third, onward.region)).to.be.undefined;
  });

  it('was not immutable for a process that claimed it before', async () => {
    expect((await claim(R)).immutable).to.be.false;
    expect((await claim(PUBLISHED, claimers[1])).immutable).to.be.true;
  });

  it('is not immutable if an earlier claimer can write it', async () => {
    const writer = await claim(R | W);
    const reader = await claim(PUBLISHED, claimers[1]);
    expect(reader.immutable).to.be.false;
    await claimer.call('write', writer.region, 0, 0x11);
    expect(region.view()[0]).to.equal(0x11);
    region.view()[0] = 0x22;
    expect(await claimer.call('read', writer.region, 0)).to.equal(0x11);
  });

  it('is not immutable if the right to write goes to the claimer: then the source sees its writes', async () => {
    const writer = await claim(R | W | VMO_DROP_W);
    expect(writer.immutable).to.be.false;
    await claimer.call('write', writer.region, 5 * PAGE, 0x33);
    expect(region.view()[5 * PAGE]).to.equal(0x33);
    region.view()[6 * PAGE] = 0x44;
    expect(await claimer.call('difference', writer.region, SEED, 6, 1)).to.be.undefined;
  });

  it('is sealed when it is pulled, too: the next process to map it finds it immutable', async () => {
    const pulled = await claim(PUBLISHED, claimer, { transfer: 'pull' });
    expect(pulled.immutable).to.be.false; // the claimer may write to its own copy
    expect((await claim(R, claimers[1])).immutable).to.be.true;
  });

  it('cannot be offered for writing any more; offers that grant W end as revoked, and others stand', async () => {
    const [, second, third] = claimers as [Obedient, Obedient, Obedient];
    const writing = vmOffer(second.pid, region, R | W);
    const reading = vmOffer(third.pid, region, R);
    await claim(PUBLISHED);
    expect(await writing.claimed).to.equal('revoked');
    expect(reading.state).to.equal('pending');
    thrownBy(() => vmOffer(second.pid, region, R | W), 'ERR_VMO_NOT_PERMITTED');
    reading.cancel();
  });

  it('may later be disowned for reading', async () => {
    const offer = vmOffer(claimer.pid, region, PUBLISHED);
    const { region: handle } = await claimer.call('claim', process.pid, offer.address);
    await claimer.call('release', handle);
    await offer.released;
    const claimed = await claim(R | VMO_DISOWN, claimers[1]);
    expect(claimed.immutable).to.be.true;
    expect(region.disowned).to.be.true;
    expect(await differenceAt(claimers[1] ?? claimer, claimed.region)).to.be.undefined;
  });

  it('may be a part: the pages beside it can still be written', async () => {
    const offer = vmOffer(claimer.pid, region.range(4 * PAGE, 4 * PAGE), PUBLISHED);
    const part = await claimer.call('claim', process.pid, offer.address);
    expect(part.immutable).to.be.true;
    const view = region.view();
    view.fill(0xee);
    expect(await claimer.call('differenceFrom', part.region, SEED, 4)).to.be.undefined;
    const rest = vmOffer(claimer.pid, region.range(8 * PAGE, PAGE), R | W);
    const claimed = await claimer.call('claim', process.pid, rest.address);
    expect(await claimer.call('read', claimed.region, 0)).to.equal(0xee);
    view[8 * PAGE] = 1;
    expect(await claimer.call('read', claimed.region, 0)).to.equal(1);
  });
});

describe('memory that its source gives up executing', () => {
  let claimer: Obedient;
  let region: Region;
  before(async () => {
    claimer = await startObedient();
  });
  after(() => claimer[Symbol.asyncDispose]());
  beforeEach(() => {
    region = allocate(PAGES * PAGE, { executable: true });
  });
  afterEach(() => {
    region.release();
  });

  const permissionsAt = (page: number) => mappingAt(addressOfPage(region, page))?.permissions;

  it('is not mapped executable there any more, and can still be read and written', async () => {
    expect(permissionsAt(0)).to.equal('rwxs');
    const offer = vmOffer(claimer.pid, region, VMO_GRANTALL | VMO_DROP_X);
    const claim = await claimer.call('claim', process.pid, offer.address);
    expect(permissionsAt(0)).to.equal('rw-s');
    region.view()[7] = 7;
    expect(await claimer.call('read', claim.region, 7)).to.equal(7);
    expect(await claimer.call('permissions', claim.region)).to.equal('rwxs');
  });

  it('cannot be offered for executing any more; offers that grant X end as revoked, and others stand', async () => {
    await using second = await startObedient();
    const executing = vmOffer(second.pid, region, R | X);
    const offer = vmOffer(claimer.pid, region, R | VMO_DROP_X);
    await claimer.call('claim', process.pid, offer.address);
    expect(await executing.claimed).to.equal('revoked');
    thrownBy(() => vmOffer(second.pid, region, R | X), 'ERR_VMO_NOT_PERMITTED');
    expect(vmOffer(second.pid, region, R | W).cancel()).to.be.true;
  });

  it('loses W with the same claim if that is dropped, too', async () => {
    const offer = vmOffer(claimer.pid, region, R | X | VMO_DROP_W | VMO_DROP_X);
    const claim = await claimer.call('claim', process.pid, offer.address);
    expect(permissionsAt(0)).to.equal('rw-p');
    expect(claim.immutable).to.be.true;
    expect(await claimer.call('permissions', claim.region)).to.equal('rwxp');
  });

  it('may have pages that cannot be written any more: the others still can', async () => {
    const part = vmOffer(claimer.pid, region.range(0, 4 * PAGE), R | VMO_DROP_W);
    const first = await claimer.call('claim', process.pid, part.address);
    await claimer.call('release', first.region);
    await part.released;
    const whole = vmOffer(claimer.pid, region, R | X | VMO_DROP_X);
    const all = await claimer.call('claim', process.pid, whole.address);
    expect([0, 4].map(permissionsAt)).to.deep.equal(['rw-p', 'rw-s']);
    await claimer.call('release', all.region); // before Linux 5.19 a part is carved when it is offered
    await whole.released;
    vmOffer(claimer.pid, region.range(4 * PAGE, PAGE), R | W).cancel();
    thrownBy(() => vmOffer(claimer.pid, region.range(0, PAGE), R | W), 'ERR_VMO_NOT_PERMITTED');
  });

  it('may be a part: the pages beside it can still be executed', async () => {
    const offer = vmOffer(claimer.pid, region.range(4 * PAGE, 4 * PAGE), R | X | VMO_DROP_X);
    await claimer.call('claim', process.pid, offer.address);
    expect([3, 4, 7, 8].map(permissionsAt)).to.deep.equal(['rwxs', 'rw-s', 'rw-s', 'rwxs']);
  });
});

describe('memory that is disowned', () => {
  let source: Obedient;
  let claimer: Obedient;
  before(async () => {
    [source, claimer] = await Promise.all([startObedient(), startObedient()]);
  });
  after(async () => {
    await source[Symbol.asyncDispose]();
    await claimer[Symbol.asyncDispose]();
  });

  for (const { name, flags, permissions } of GRANTS) {
    it(`granting ${name} belongs to the claimer, with exactly these rights, and its source has nothing`, async () => {
      const { region } = await source.call('allocate', PAGES, SEED, { executable: true });
      const inode = await source.call('inode', region);
      const { address, offer } = await source.call('offer', claimer.pid, region, flags | VMO_DISOWN);
      const claim = await claimer.call('claim', source.pid, address);
      expect(await source.call('claimed', offer)).to.equal('claimed');
      expect(holdersOf(inode, [source.pid, claimer.pid])).to.deep.equal([claimer.pid]);
      expect(await claimer.call('inode', claim.region)).to.equal(inode);
      expect(await claimer.call('permissions', claim.region)).to.equal(permissions);
      expect(await claimer.call('difference', claim.region, SEED)).to.be.undefined;
      expect(await source.call('disowned', region)).to.be.true;
      // After a grant to read, nobody is left who could write.
      expect(claim.immutable).to.equal((flags & W) === 0);
    });
  }
});

import { expect } from 'chai';
import { VMO_DISOWN, VMO_GRANT_R, VMO_GRANT_W } from 'vmoffer';
import { heldBytes, untilHeld } from '../../support/holders.js';
import { startObedient, type Obedient } from '../../support/obedient.js';
import { PAGE } from '../../support/pages.js';
import { needs, requires } from '../../support/requires.js';

const SEED = 613;
const PAGES = 64;
const DISOWNED = VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN;

// One thread looks at a page, and another removes it from the object before the first goes on. In a process of its own,
// because touching a page that was given up ends the process.
describe('disowned memory that two threads pull at once', () => {
  let source: Obedient;
  let claimer: Obedient;
  before(function () {
    requires(this, needs.probe, needs.userfault);
  });
  beforeEach(async () => {
    [source, claimer] = await Promise.all([startObedient(), startObedient()]);
  });
  afterEach(async () => {
    await source[Symbol.asyncDispose]();
    await claimer[Symbol.asyncDispose]();
  });

  const TOUCHED = {
    'its first page': [0],
    'its last page': [PAGES - 1],
    'a page in its middle': [PAGES / 2],
    'its first pages and its last': [0, 1, 2, PAGES - 1],
    'every other page': Array.from({ length: PAGES / 2 }, (_, i) => 2 * i),
    'every page': Array.from({ length: PAGES }, (_, i) => i),
  };
  for (const checkpoint of ['object.data', 'pull.copying'] as const) {
    for (const [name, pages] of Object.entries(TOUCHED)) {
      for (const hole of [undefined, 7]) {
        it(`arrives whole, ${hole === undefined ? '' : 'with a hole, '}when a bulk pull is parked at ${checkpoint} and a reader touches ${name}`, async () => {
          const { region } = await source.call('allocate', PAGES);
          for (let page = 0; page < PAGES; ++page) {
            if (page !== hole) await source.call('fill', region, SEED, page, 1);
          }
          const { address } = await source.call('offer', claimer.pid, region, DISOWNED);
          const claim = await claimer.call('claim', source.pid, address, { transfer: 'pull', paging: 'userfault' });
          await claimer.call('park', checkpoint);
          const pulled = claimer.call('prefetch', claim.region);
          await claimer.call('parked', checkpoint);
          for (const page of pages) await claimer.call('read', claim.region, page * PAGE);
          await claimer.call('unpark', checkpoint);
          await pulled;
          if (hole === undefined) expect(await claimer.call('difference', claim.region, SEED)).to.be.undefined;
          else {
            expect(await claimer.call('difference', claim.region, SEED, 0, hole)).to.be.undefined;
            expect(await claimer.call('isZeroed', claim.region, hole, 1)).to.be.true;
            expect(await claimer.call('difference', claim.region, SEED, hole + 1)).to.be.undefined;
          }
          await untilHeld([claimer.pid], 0); // once, and nowhere else
        });
      }
    }
  }

  it('leaves its object, however late the thread that gives pages back gets its turn', async () => {
    const { region } = await source.call('allocate', PAGES, SEED);
    const { address } = await source.call('offer', claimer.pid, region, DISOWNED);
    const claim = await claimer.call('claim', source.pid, address, { transfer: 'pull', paging: 'userfault' });
    await claimer.call('park', 'object.punching');
    await claimer.call('prefetch', claim.region);
    expect(heldBytes([claimer.pid])).to.equal(PAGES * PAGE);
    await claimer.call('unpark', 'object.punching');
    await untilHeld([claimer.pid], 0);
    expect(await claimer.call('difference', claim.region, SEED)).to.be.undefined;
  });

  /** Claims in a process whose copies fail for want of memory, until they are allowed again. */
  async function claimThatCannotCopy(): Promise<number> {
    const { region } = await source.call('allocate', PAGES, SEED);
    const { address } = await source.call('offer', claimer.pid, region, DISOWNED);
    const claim = await claimer.call('claim', source.pid, address, { transfer: 'pull', paging: 'userfault' });
    await claimer.call('denyCopies', true);
    return claim.region;
  }

  it('stays at the source when a bulk pull fails, and arrives when it is touched', async () => {
    const region = await claimThatCannotCopy();
    await claimer.call('prefetch', region);
    expect((await claimer.call('residency', region)).told).to.deep.equal([]);
    await claimer.call('denyCopies', false);
    expect(await claimer.call('difference', region, SEED)).to.be.undefined;
  });

  it('ends a process that touches a page that cannot be copied, and never shows zeros', async () => {
    const region = await claimThatCannotCopy();
    await claimer.call('read', region, 0).catch(() => undefined);
    expect(await claimer.ended).to.include({ signal: 'SIGSEGV' });
  });

  it('keeps every page that was there before a touch that failed', async () => {
    const region = await claimThatCannotCopy();
    await claimer.call('denyCopies', false);
    await claimer.call('read', region, 5 * PAGE);
    await claimer.call('denyCopies', true);
    await claimer.call('prefetch', region);
    await claimer.call('denyCopies', false);
    expect(await claimer.call('difference', region, SEED)).to.be.undefined;
  });
});

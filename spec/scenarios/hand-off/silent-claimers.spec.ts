import { expect } from 'chai';
import {
  allocate,
  VMO_DISOWN,
  VMO_DROP_W,
  VMO_GRANT_R,
  VMO_GRANT_W,
  vmClaim,
  vmOffer,
  type Offer,
  type Region,
} from 'vmoffer';
import { until } from '../../support/barriers.js';
import { startHostile, type Child } from '../../support/child.js';
import { startObedient } from '../../support/obedient.js';
import { expectPages, fillPages, isZeroed, PAGE } from '../../support/pages.js';
import { rejectionOf, thrownBy } from '../../support/vmo-error.js';

const SEED = 371;
const PAGES = 4;
const SHARED = VMO_GRANT_R | VMO_GRANT_W;

interface Started {
  rogue: Child;
  region: Region;
  view: Uint8Array;
  offer: Offer;
}

const WAYS = [
  { name: 'a share', flags: SHARED },
  { name: 'memory that nobody is to write any more', flags: VMO_GRANT_R | VMO_DROP_W },
  { name: 'a disowned range', flags: SHARED | VMO_DISOWN },
];
const BEHAVIOURS = ['takes-and-stays-silent', 'takes-and-hangs-up'];

async function start(behaviour: string, flags: number): Promise<Started> {
  const region = allocate(PAGES * PAGE);
  fillPages(region.view(), SEED);
  const rogue = await startHostile('rogue_claimer', [process.pid]);
  const offer = vmOffer(rogue.pid, region, flags);
  rogue.say(`${behaviour} ${region.address}`);
  expect(await rogue.event('result')).to.include({ is: 'terms', descriptors: 1 });
  return { rogue, region, view: region.view(), offer };
}

async function askedOf({ rogue }: Started, what: string): Promise<Record<string, unknown>> {
  rogue.say(`${what} 0`);
  return rogue.event('result');
}

describe('a claimer that takes the descriptor and never acknowledges', () => {
  const started = new Map<string, Started>();

  /** All at once, because each waits out the source's patience of 5 s. */
  before(async () => {
    for (const { name, flags } of WAYS) {
      for (const behaviour of BEHAVIOURS) started.set(`${behaviour} ${name}`, await start(behaviour, flags));
    }
  });
  after(async () => {
    for (const { rogue, region, offer } of started.values()) {
      await rogue[Symbol.asyncDispose]();
      await offer.released;
      region.release();
    }
  });

  for (const behaviour of BEHAVIOURS) {
    describe(`but ${behaviour.replaceAll('-', ' ')}, and lives on,`, () => {
      const of = (name: string) => started.get(`${behaviour} ${name}`) ?? expect.fail('it was not started');

      it('has a share until it ends: meanwhile the memory cannot be disowned to others', async () => {
        const share = of('a share');
        expect(await share.offer.claimed).to.equal('claimed');
        expectPages(share.view, SEED);
        expect(await askedOf(share, 'writes-what-it-kept')).to.deep.equal({ is: 'allowed' });
        expect(share.view[0]).to.equal(0xee);
        await using other = await startObedient();
        const disowning = vmOffer(other.pid, share.region, SHARED | VMO_DISOWN);
        await rejectionOf(other.call('claim', process.pid, disowning.address), 'ERR_VMO_BUSY');
        share.rogue.kill('SIGKILL');
        await share.offer.released;
        await other.call('claim', process.pid, disowning.address);
      });

      it('has memory that nobody may write any more: its source has dropped that right', async () => {
        const published = of('memory that nobody is to write any more');
        expect(await published.offer.claimed).to.equal('claimed');
        expect(await askedOf(published, 'writes-what-it-kept')).to.deep.equal({ is: 'EBADF' });
        thrownBy(() => vmOffer(process.pid, published.region, SHARED), 'ERR_VMO_NOT_PERMITTED');
        const again = vmOffer(process.pid, published.region, VMO_GRANT_R);
        using claim = await vmClaim(process.pid, again.address);
        expect(claim.immutable).to.be.true;
        published.view[0] = 0;
        expectPages(claim.view(), SEED);
      });

      it('is the only one to have disowned memory: its source sees zeros, and cannot reach it', async () => {
        const disowned = of('a disowned range');
        expect(await disowned.offer.claimed).to.equal('claimed');
        expect(disowned.region.disowned).to.be.true;
        await until('the buffer is detached', () => disowned.view.byteLength === 0);
        const { bytes } = await askedOf(disowned, 'reads-what-it-kept');
        expect(isZeroed(paddedPage(String(bytes)))).to.be.false;
        thrownBy(() => vmOffer(process.pid, disowned.region, VMO_GRANT_R), 'ERR_VMO_NOT_OWNED');
      });
    });
  }
});

function paddedPage(hex: string): Uint8Array {
  const page = new Uint8Array(PAGE);
  page.set(Buffer.from(hex, 'hex'));
  return page;
}

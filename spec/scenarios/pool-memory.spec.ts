import { expect } from 'chai';
import {
  allocate,
  Channel,
  VMO_DISOWN,
  VMO_GRANT_R,
  VMO_GRANT_W,
  vmClaim,
  vmClaimSync,
  type Claim,
  type Message,
  type Region,
} from 'vmoffer';
import { openBothEnds } from '../support/channels.js';
import { startHostile } from '../support/child.js';
import { HUGE, reserveHugePages } from '../support/huge-pages.js';
import { objectMappings } from '../support/mappings.js';
import { claimOwn } from '../support/own-claim.js';
import { expectPages, fillPages, PAGE } from '../support/pages.js';
import { needs, requires } from '../support/requires.js';
import { rejectionOf, thrownBy } from '../support/vmo-error.js';

const ADDRESS = 0x7000_0000n;
const SEED = 719;
/** The size of the channel's rings. */
const SIZE = { slots: 511, slotBytes: 2040 };
const SHARED = VMO_GRANT_R | VMO_GRANT_W;

type Place = 'memory' | 'rings' | 'message-of-opener' | 'message-of-acceptor';

/** Other holders can punch huge pages of the pool out of a mapping, and the next touch is a SIGBUS. */
describe('memory of the huge page pool, from a process that is not trusted,', () => {
  before(function () {
    requires(this, needs.hugePageObjects);
  });

  const start = (place: Place, kind = 'pool') => startHostile('pool_memory', [place, kind]);

  for (const transfer of ['map', 'pull'] as const) {
    it(`is not claimed (${transfer}) unless the claim says so`, async () => {
      await using hostile = await start('memory');
      const { message } = thrownBy(() => vmClaimSync(hostile.pid, ADDRESS, { transfer }), 'ERR_VMO_NOT_PERMITTED');
      expect(message).to.include('hugetlb: true');
      await rejectionOf(vmClaim(hostile.pid, ADDRESS, { transfer }), 'ERR_VMO_NOT_PERMITTED');
    });
  }

  /** If the pool is empty, the mapping fails for want of huge pages. */
  async function expectToBeTaken(claiming: () => Claim | Promise<Claim>): Promise<void> {
    try {
      (await claiming()).release();
    } catch (error) {
      expect(error).to.include({ code: 'ERR_VMO_NO_MEMORY' });
    }
  }

  for (const transfer of ['map', 'pull'] as const) {
    it(`is claimed (${transfer}) if the claim says so`, async () => {
      await using hostile = await start('memory');
      const options = { transfer, hugetlb: true };
      await expectToBeTaken(() => vmClaim(hostile.pid, ADDRESS, options));
      await expectToBeTaken(() => vmClaimSync(hostile.pid, ADDRESS, options));
    });
  }

  it('is not accepted as the rings of a channel by a process that accepts only from its source', async () => {
    await using hostile = await start('rings');
    const before = objectMappings().length;
    const { message } = await rejectionOf(Channel.accept(hostile.pid), 'ERR_VMO_PROTOCOL');
    expect(message).to.include('huge page pool').and.to.include('a channel');
    expect(objectMappings()).to.have.lengthOf(before);
  });

  it('is passed over as the rings of a channel by a process that accepts from every process', async () => {
    await using hostile = await start('rings');
    await using friend = await start('rings', 'ordinary');
    for await (const channel of Channel.accept()) {
      expect(channel.peerPid, `and not ${hostile.pid}`).to.equal(friend.pid);
      await channel.close();
      break;
    }
  });

  /** Makes a channel to the hostile process, and waits for its first message. */
  async function withMessage(
    place: 'message-of-opener' | 'message-of-acceptor',
    kind: 'pool' | 'ordinary',
    look: (message: Message) => void,
  ): Promise<void> {
    await using hostile = await start(place, kind);
    await using channel = await (place === 'message-of-opener'
      ? Channel.accept(hostile.pid)
      : Channel.open(hostile.pid, SIZE));
    await channel.readable();
    const message = channel.receive() ?? expect.fail('there is no message');
    look(message);
    message.release();
  }

  for (const place of ['message-of-opener', 'message-of-acceptor'] as const) {
    it(`is not received as a ${place.replaceAll('-', ' ')}`, async () => {
      const before = objectMappings().length;
      await withMessage(place, 'pool', (message) => {
        for (const look of [() => message.bytes, () => message.region]) {
          const error = thrownBy(look, 'ERR_VMO_PROTOCOL');
          expect(error.message).to.include('huge page pool').and.to.include('a message');
        }
      });
      expect(objectMappings()).to.have.lengthOf(before);
    });

    it(`would have been a valid ${place.replaceAll('-', ' ')} in ordinary pages`, async () => {
      await withMessage(place, 'ordinary', ({ bytes }) => {
        expect(bytes).to.have.lengthOf(HUGE);
      });
    });
  }
});

describe('memory of the huge page pool, of this process,', () => {
  let giveBack: (() => void) | undefined;
  before(function () {
    giveBack = reserveHugePages(this, 4);
  });
  after(() => giveBack?.());

  const FORMS: [name: string, of: (region: Region) => Region | ReturnType<Region['range']>][] = [
    ['a region', (region) => region],
    ['a part of a region', (region) => region.range(PAGE, PAGE)],
  ];

  for (const sender of ['opened', 'accepted'] as const) {
    for (const [name, of] of FORMS) {
      it(`is not sent by the side that has ${sender} a channel, as ${name}`, async () => {
        await using ends = await openBothEnds();
        using region = allocate(HUGE, { hugePages: true });
        expect(region.pages).to.equal('hugetlb');
        for (const flags of [VMO_GRANT_R, SHARED, SHARED | VMO_DISOWN]) {
          const { message } = thrownBy(() => ends[sender].send(of(region), flags), 'ERR_VMO_UNSUPPORTED');
          expect(message).to.include('huge page pool');
        }
        expect(region.disowned).to.be.false;
      });
    }

    it(`is not sent on by the side that has ${sender} a channel if it was claimed`, async () => {
      await using ends = await openBothEnds();
      using region = allocate(HUGE, { hugePages: true });
      using claim = claimOwn(region, SHARED, { hugetlb: true });
      expect(claim.pages).to.equal('hugetlb');
      thrownBy(() => ends[sender].send(claim, SHARED), 'ERR_VMO_UNSUPPORTED');
    });

    it(`is sent by the side that has ${sender} a channel as a copy of bytes, or if it was pulled`, async () => {
      await using ends = await openBothEnds();
      const receiver = ends[sender === 'opened' ? 'accepted' : 'opened'];
      using region = allocate(HUGE, { hugePages: true });
      fillPages(region.view(), SEED);
      using pulled = claimOwn(region, SHARED, { hugetlb: true, transfer: 'pull' });
      await ends[sender].send(region.view());
      await ends[sender].send(pulled, SHARED | VMO_DISOWN);
      for (let count = 0; count < 2; count++) {
        await receiver.readable();
        const message = receiver.receive() ?? expect.fail('there is no message');
        expectPages(message.bytes, SEED);
        message.release();
      }
    });
  }
});

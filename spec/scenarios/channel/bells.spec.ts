import { expect } from 'chai';
import { addon } from '#ts/load-addon.js';
import type { NativeBell, NativeClaim } from '#ts/native.js';
import { until } from '../../support/barriers.js';
import { startHostile, type Child } from '../../support/child.js';
import { openDescriptors } from '../../support/fds.js';
import { expectHonestClaim } from '../../support/honest-claim.js';
import { objectMappings } from '../../support/mappings.js';
import { needs, requires } from '../../support/requires.js';
import { rejectionOf } from '../../support/vmo-error.js';

const ADDRESS = 0x7000_0000n;

interface Taken {
  claim: NativeClaim;
  bell: NativeBell;
}

/** As Channel.accept does it, but from a source that need not make itself known. */
function claimChannel(source: Child): Promise<Taken> {
  const options = { transfer: 'map', paging: 'kernel', timeoutMs: 10_000, kind: 'channel' } as const;
  return new Promise((resolve, reject) => {
    addon().keepAlive(true);
    addon().claim(source.pid, ADDRESS, options, (error, claim, bell) => {
      if (claim && bell) resolve({ claim, bell });
      else reject(error ?? new Error('it came without a bell'));
    });
  }).finally(() => {
    addon().keepAlive(false);
  }) as Promise<Taken>;
}

async function expectNothingIsLeftBy(behaviour: string): Promise<void> {
  await using source = await startHostile('rogue_source', [behaviour]);
  const { claim, bell } = await claimChannel(source);
  const before = openDescriptors().size;
  let rings = 0;
  bell.keepAlive(true);
  await new Promise<void>((resolve) => {
    bell.onRing = (hasHungUp) => {
      expect(hasHungUp).to.be.false;
      if (++rings === 2) resolve(); // sixteen are taken in at a time, of twenty
    };
  });
  await until('no descriptor is left', () => openDescriptors().size === before);
  bell.close();
  claim.release();
}

describe('a channel’s bell from a rogue source', () => {
  before(expectHonestClaim);

  for (const behaviour of [
    'sends-a-channel-without-a-bell',
    'sends-a-bell-without-a-descriptor',
    'sends-a-bell-of-two-descriptors',
    'sends-two-bells',
    'sends-a-pipe-for-a-bell',
    'sends-memory-for-a-bell',
    'sends-a-stream-for-a-bell',
    'sends-datagrams-for-a-bell',
    'sends-a-bell-that-nobody-holds',
  ]) {
    it(`is refused when it ${behaviour.replaceAll('-', ' ')}`, async () => {
      await using source = await startHostile('rogue_source', [behaviour]);
      const before = { descriptors: openDescriptors().size, mappings: objectMappings().length };
      const error = await rejectionOf(claimChannel(source), 'ERR_VMO_PROTOCOL');
      expect(error.message).to.include('bell');
      expect(objectMappings()).to.have.lengthOf(before.mappings);
      await until('no descriptor is left', () => openDescriptors().size === before.descriptors);
    });
  }

  const ringing = [
    ['rings-with-descriptors', undefined],
    ['rings-with-pidfds', needs.pidfdsOfPackets],
  ] as const;
  for (const [behaviour, need] of ringing) {
    it(`brings no descriptors into this process when it ${behaviour.replaceAll('-', ' ')}`, async function () {
      if (need) requires(this, need);
      await expectNothingIsLeftBy(behaviour);
    });
  }
});

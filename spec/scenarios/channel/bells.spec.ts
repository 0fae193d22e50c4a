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

/** As Channel.accept, but from a source that need not announce its offer. */
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

/** The opener rings this often, and each ring is reported. */
const RINGS = 20;

function untilAllIsHeard(bell: NativeBell): Promise<void> {
  let rings = 0;
  bell.keepAlive(true);
  return new Promise((resolve, reject) => {
    bell.onRing = (hasHungUp) => {
      if (hasHungUp) reject(new Error('it has hung up'));
      if (++rings === RINGS) resolve();
    };
  });
}

describe('a channel’s bell', () => {
  before(expectHonestClaim);

  for (const behaviour of ['sends-a-bell-with-a-channel', 'rings-before-done']) {
    it(`is refused when its source ${behaviour.replaceAll('-', ' ')}`, async () => {
      await using source = await startHostile('rogue_source', [behaviour]);
      const before = { descriptors: openDescriptors().size, mappings: objectMappings().length };
      await rejectionOf(claimChannel(source), 'ERR_VMO_PROTOCOL');
      expect(objectMappings()).to.have.lengthOf(before.mappings);
      await until('no descriptor is left', () => openDescriptors().size === before.descriptors);
    });
  }

  it('brings no descriptors into this process when it rings with descriptors', async () => {
    await using source = await startHostile('rogue_source', ['rings-with-descriptors']);
    const { claim, bell } = await claimChannel(source);
    const before = openDescriptors().size;
    await untilAllIsHeard(bell);
    await until('no descriptor is left', () => openDescriptors().size === before);
    bell.close();
    claim.release();
  });

  it('is heard and rung while its source holds the lock of its own end', async function () {
    requires(this, needs.faultsOfTheKernel);
    await using source = await startHostile('rogue_source', ['hears-without-end']);
    const { claim, bell } = await claimChannel(source);
    await untilAllIsHeard(bell);
    expect(bell.ring()).to.be.true;
    const isAllHeard = untilAllIsHeard(bell); // the rings may come before the event
    await source.event('holds-its-end');
    await isAllHeard;
    expect(bell.ring()).to.be.true;
    expect(bell.hasHungUp()).to.be.false;
    bell.close();
    claim.release();
    await expectHonestClaim();
  });

  it('hangs up when it is closed, whatever else stands for the claim', async () => {
    await using source = await startHostile('rogue_source', ['rings-with-descriptors']);
    const { claim, bell } = await claimChannel(source);
    await untilAllIsHeard(bell);
    bell.close();
    await source.event('hung-up');
    claim.release();
  });
});

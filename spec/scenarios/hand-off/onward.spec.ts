import { expect } from 'chai';
import { VMO_DISOWN, VMO_DROP_W, VMO_GRANT_R, VMO_GRANT_W } from 'vmoffer';
import { until } from '../../support/barriers.js';
import { startObedient, type Obedient } from '../../support/obedient.js';
import { PAGE } from '../../support/pages.js';
import { needs, requires } from '../../support/requires.js';
import { describeForUsers } from '../../support/users.js';
import { rejectionOf } from '../../support/vmo-error.js';

const SEED = 401;
const PAGES = 64;
const SHARED = VMO_GRANT_R | VMO_GRANT_W;
const DISOWNED = SHARED | VMO_DISOWN;

interface Step {
  by: Obedient;
  region: number;
  offer: number;
  source: Obedient;
}

describeForUsers('memory that goes from A to B to C and back to A', (user) => {
  let round: [Obedient, Obedient, Obedient];
  before(async () => {
    round = await Promise.all([startObedient({ user }), startObedient({ user }), startObedient({ user })]);
    for (const [at, each] of round.entries()) await useOnce(each, round[(at + 1) % 3] ?? each);
  });
  after(async () => {
    for (const each of round) await each[Symbol.asyncDispose]();
  });

  /** Makes the library start everything that it starts on first use. */
  async function useOnce(source: Obedient, claimer: Obedient): Promise<void> {
    const { region } = await source.call('allocate', 2, SEED);
    // Carving has a thread of its own, and so has sealing.
    for (const [transfer, flags] of [
      ['map', VMO_GRANT_R],
      ['pull', VMO_GRANT_R],
      ['map', VMO_GRANT_R | VMO_DROP_W],
    ] as const) {
      const { offer, address } = await source.call('offerPages', claimer.pid, region, 0, 1, flags);
      const claim = await claimer.call('claim', source.pid, address, { transfer });
      await claimer.call('prefetch', claim.region);
      await claimer.call('release', claim.region);
      await source.call('released', offer);
    }
    await source.call('release', region);
  }

  const counts = () => Promise.all(round.map((each) => each.call('holdings')));

  /** Passes the memory on from process to process, and checks what each has of it at the end. */
  async function goRound(
    region: number,
    flags: number,
    transfer: 'map' | 'pull',
    part?: [first: number, count: number],
  ) {
    const steps: Step[] = [];
    let had = region;
    let first = 0;
    for (const at of [0, 1, 2]) {
      const source = round[at] ?? round[0];
      const by = round[(at + 1) % 3] ?? round[0];
      const [from, count] = part ?? [0, PAGES];
      const { offer, address } = part
        ? await source.call('offerPages', by.pid, had, from, count - 10 * at, flags)
        : await source.call('offer', by.pid, had, flags);
      const claim = await by.call('claim', source.pid, address, { transfer });
      first += from;
      expect(await by.call('differenceFrom', claim.region, SEED, first)).to.be.undefined;
      had = claim.region;
      steps.push({ by, region: had, offer, source });
    }
    return { steps, last: had, first };
  }

  async function releaseAll(region: number, steps: Step[]): Promise<void> {
    for (const { by, region: claimed } of steps) await by.call('release', claimed);
    for (const { source, offer } of steps) await source.call('released', offer);
    await round[0].call('release', region);
  }

  async function expectCounts(before: Awaited<ReturnType<typeof counts>>): Promise<void> {
    await until('every process has what it had', async () => JSON.stringify(await counts()) === JSON.stringify(before));
  }

  for (const transfer of ['map', 'pull'] as const) {
    for (const { name, flags } of [
      { name: 'shared', flags: SHARED },
      { name: 'shared to read', flags: VMO_GRANT_R },
      { name: 'disowned', flags: DISOWNED },
    ]) {
      it(`${name} as a whole by ${transfer} has every byte, and leaves nothing behind`, async () => {
        const before = await counts();
        const { region } = await round[0].call('allocate', PAGES, SEED);
        const inode = await round[0].call('inode', region);
        const { steps, last } = await goRound(region, flags, transfer);
        if (transfer === 'map') expect(await round[0].call('inode', last)).to.equal(inode);
        await releaseAll(region, steps);
        await expectCounts(before);
      });
    }

    it(`disowned in parts by ${transfer} has every byte of them, and leaves nothing behind`, async () => {
      const before = await counts();
      const { region } = await round[0].call('allocate', PAGES, SEED);
      const { steps } = await goRound(region, DISOWNED, transfer, [5, 30]);
      expect(await round[0].call('difference', region, SEED, 0, 5)).to.be.undefined;
      expect(await round[0].call('isZeroed', region, 5, 30)).to.be.true;
      expect(await round[0].call('difference', region, SEED, 35, PAGES - 35)).to.be.undefined;
      await releaseAll(region, steps);
      await expectCounts(before);
    });
  }

  it('shared is one memory everywhere: A reads in both of its ranges what C writes', async () => {
    const { region } = await round[0].call('allocate', PAGES, SEED);
    const { steps, last } = await goRound(region, SHARED, 'map');
    await round[2].call('write', steps[1]?.region ?? 0, 9 * PAGE, 0x77);
    expect(await round[0].call('read', region, 9 * PAGE)).to.equal(0x77);
    expect(await round[0].call('read', last, 9 * PAGE)).to.equal(0x77);
    await releaseAll(region, steps);
  });

  it('shared, then disowned by B: A goes on sharing it, now with C', async () => {
    const [a, b, c] = round;
    const { region } = await a.call('allocate', PAGES, SEED);
    const toB = await a.call('offer', b.pid, region, SHARED);
    const atB = await b.call('claim', a.pid, toB.address);
    const toC = await b.call('offer', c.pid, atB.region, DISOWNED);
    const atC = await c.call('claim', b.pid, toC.address);
    expect(await b.call('disowned', atB.region)).to.be.true;
    await c.call('write', atC.region, 0, 0x55);
    expect(await a.call('read', region, 0)).to.equal(0x55);
    const disowning = await a.call('offer', b.pid, region, DISOWNED);
    await rejectionOf(b.call('claim', a.pid, disowning.address), 'ERR_VMO_BUSY');
    await c.call('release', atC.region);
    await a.call('released', toB.offer);
    await b.call('claim', a.pid, disowning.address);
  });

  it('shared cannot be passed on in part: that would break the share of the whole', async () => {
    const [a, b, c] = round;
    const { region } = await a.call('allocate', PAGES, SEED);
    const toB = await a.call('offer', b.pid, region, SHARED);
    const atB = await b.call('claim', a.pid, toB.address);
    const toC = await b.call('offerPages', c.pid, atB.region, 5, 20, VMO_GRANT_R);
    await rejectionOf(c.call('claim', b.pid, toC.address), 'ERR_VMO_BUSY');
    expect(await b.call('cancel', toC.offer)).to.be.true;
    await b.call('release', atB.region);
    await a.call('released', toB.offer);
    await a.call('release', region);
  });

  it('is held for A until its last holder releases it, whoever it came from', async () => {
    const [a, b, c] = round;
    const { region } = await a.call('allocate', PAGES, SEED);
    const toB = await a.call('offer', b.pid, region, SHARED);
    const atB = await b.call('claim', a.pid, toB.address);
    const toC = await b.call('offer', c.pid, atB.region, SHARED);
    const atC = await c.call('claim', b.pid, toC.address);
    await b.call('release', atB.region);
    let isReleased = false;
    const released = a.call('released', toB.offer).then(() => (isReleased = true));
    expect(await c.call('difference', atC.region, SEED)).to.be.undefined;
    expect(isReleased).to.be.false;
    await c.call('release', atC.region);
    await released;
    await a.call('release', region);
  });
});

describe('memory that A shares with B, and that C pulls from B as it touches it', () => {
  for (const { name, flags } of [
    { name: 'shared, and released by B', flags: VMO_GRANT_R },
    { name: 'disowned by B', flags: DISOWNED },
  ]) {
    it(`is held for A until C has released it: ${name}`, async function () {
      requires(this, needs.fullUserfault);
      await using a = await startObedient();
      await using b = await startObedient();
      await using c = await startObedient();
      const { region } = await a.call('allocate', PAGES, SEED);
      const toB = await a.call('offer', b.pid, region, SHARED);
      const atB = await b.call('claim', a.pid, toB.address);
      const toC = await b.call('offer', c.pid, atB.region, flags);
      const atC = await c.call('claim', b.pid, toC.address, { transfer: 'pull', paging: 'userfault' });
      await b.call('release', atB.region);
      const part = await a.call('offerPages', b.pid, region, 5, 20, VMO_GRANT_R);
      await rejectionOf(b.call('claim', a.pid, part.address), 'ERR_VMO_BUSY');
      expect(await a.call('isReleased', toB.offer)).to.be.false;
      expect(await c.call('difference', atC.region, SEED)).to.be.undefined;
      await c.call('release', atC.region);
      await a.call('released', toB.offer);
      await b.call('claim', a.pid, part.address);
    });
  }
});

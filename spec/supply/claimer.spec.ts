import { expect } from 'chai';
import { SIGNAL_OF_FAILED_MEMORY } from '../support/kernel-version.js';
import {
  vmClaim,
  vmClaimSync,
  vmOffer,
  VmoError,
  VMO_GRANT_R,
  type Claim,
  type ClaimOptions,
  type SupplyFailure,
} from 'vmoffer';
import type { ObedientCommands } from '../../fixtures/obedient.js';
import { startFixture, startHostile, type Child } from '../support/child.js';
import { PAGE } from '../support/pages.js';
import { probe, touchOnThread, type Denial } from '../support/probe.js';
import { runSeed } from '../support/random.js';
import { needs, requires } from '../support/requires.js';
import { rejectionOf, thrownBy } from '../support/vmo-error.js';

const ADDRESS = 0x7000_0000n;
const UNIT = 64 << 10;
const EFAULT = -14;
const PAGES_PER_UNIT = UNIT / PAGE;

/** What a page of that unit begins with, in bytes that a thread can read. */
const byteOf = (unit: number) => (unit * PAGES_PER_UNIT + 1) & 0xff;

async function obey(supplier: Child, command: string): Promise<number[]> {
  supplier.say(command);
  return supplier.event<number[]>('obeyed');
}

const at = (claim: Claim, unit: number) => claim.address + BigInt(unit * UNIT);
const touch = (claim: Claim, unit: number) => touchOnThread(at(claim, unit));

describe('a claim of supplied memory', () => {
  let supplier: Child;

  before(function () {
    requires(this, needs.fullUserfault, needs.probe);
  });

  beforeEach(async () => {
    supplier = await startHostile('supplier');
  });

  afterEach(() => supplier[Symbol.asyncDispose]());

  const claim = (options?: ClaimOptions) => vmClaim(supplier.pid, ADDRESS, options);

  it('has the bytes when they are touched, and asks once for a unit that two threads touch', async () => {
    using claimed = await claim();
    expect(claimed).to.include({ supplied: true, failed: false, paging: 'userfault' });
    expect(await Promise.all([touch(claimed, 3), touch(claimed, 3)])).to.deep.equal([byteOf(3), byteOf(3)]);
    expect(await supplier.event('asked')).to.deep.equal([3, 1, true]);
    expect(claimed.stats().supply).to.deep.equal({ asked: 1, supplied: 1, failed: 0 });
    expect(await obey(supplier, 'look')).to.deep.equal([3]);
  });

  it('has every byte of it, read from start to end, and orders ahead of the reader', async () => {
    using claimed = await claim();
    const words = new BigUint64Array(claimed.buffer);
    for (let page = 0; page < words.length / 512; page++) expect(words[page * 512]).to.equal(BigInt(page + 1));
    expect(claimed.stats().supply).to.deep.equal({ asked: 16, supplied: 16, failed: 0 });
    const asked = [await supplier.event('asked'), await supplier.event('asked'), await supplier.event('asked')];
    expect(asked).to.deep.equal([
      [0, 1, true],
      [1, 1, true],
      [2, 1, false], // nobody waits for it yet
    ]);
  });

  it('never takes a page for supplied that somebody has grown out of a hole', async () => {
    using claimed = await claim();
    expect(await obey(supplier, 'grow 5')).to.deep.equal([5]);
    expect(await touch(claimed, 5)).to.equal(byteOf(5));
    expect(await supplier.event('asked')).to.deep.equal([5, 1, true]);
  });

  it('is not asked for what the source has said is there', async () => {
    using claimed = await claim();
    await obey(supplier, 'fill 2');
    expect(await touch(claimed, 2)).to.equal(byteOf(2));
    expect(claimed.stats().supply.asked).to.equal(0);
  });

  for (const denial of [undefined, 'UFFDIO_POISON' as Denial]) {
    describe(denial ? `without ${denial}` : 'with UFFDIO_POISON', () => {
      before(() => {
        if (denial) probe().deny(denial, true);
      });

      after(() => {
        if (denial) probe().deny(denial, false);
      });

      it('fails a system call and ensure() where the supplier has failed, and heals when it is tried again', async () => {
        using claimed = await claim();
        await obey(supplier, 'fail 4');
        expect(probe().writeFrom(at(claimed, 4), 8)).to.equal(EFAULT);
        const { message } = await rejectionOf(claimed.ensure(4 * UNIT, UNIT), 'ERR_VMO_SUPPLY');
        expect(message).to.include('no such unit');
        expect(claimed.failed).to.equal(true);
        await obey(supplier, 'fill 4');
        using pin = await claimed.ensure(4 * UNIT, UNIT);
        expect(pin).to.be.an('object');
        expect(await touch(claimed, 4)).to.equal(byteOf(4));
      });

      it('leaves holes where it has failed', async () => {
        const claimed = await claim();
        await obey(supplier, 'fail 4');
        expect(probe().writeFrom(at(claimed, 4), 8)).to.equal(EFAULT);
        claimed.release();
        expect(await supplier.event('hung-up')).to.deep.equal([]);
      });
    });
  }

  it('gives up on a source that is silent, and takes an answer that comes all the same', async () => {
    using claimed = await claim();
    await obey(supplier, 'silent');
    expect(probe().writeFrom(at(claimed, 1), 8)).to.equal(EFAULT);
    await rejectionOf(claimed.ensure(UNIT, UNIT), 'ERR_VMO_TIMEOUT');
    await obey(supplier, 'fill 1');
    using pin = await claimed.ensure(UNIT, UNIT);
    expect(pin).to.be.an('object');
    expect(await touch(claimed, 1)).to.equal(byteOf(1));
  });

  it('waits longer for a source that says it is alive', async () => {
    using claimed = await claim();
    await obey(supplier, 'silent');
    const waiting = claimed.ensure(0, UNIT);
    for (let i = 0; i < 8; i++) {
      await new Promise((resolve) => setTimeout(resolve, 250)); // twice the time after which a silent source is given up
      await obey(supplier, 'progress');
    }
    await obey(supplier, 'fill 0');
    (await waiting).release();
  });

  it('keeps what it has when its source is dead, and fails the rest at once', async () => {
    using claimed = await claim();
    await obey(supplier, 'fill 0');
    (await claimed.ensure(0, UNIT)).release();
    await obey(supplier, 'silent');
    const waiting = claimed.ensure(UNIT, UNIT);
    await supplier.event('asked');
    supplier.kill('SIGKILL');
    await rejectionOf(waiting, 'ERR_VMO_PEER_GONE');
    expect(await touch(claimed, 0)).to.equal(byteOf(0));
    expect(probe().writeFrom(at(claimed, 2), 8)).to.equal(EFAULT);
  });

  it('tells of what has failed', async () => {
    using claimed = await claim();
    await obey(supplier, 'fail 7');
    const failures = claimed.failures()[Symbol.asyncIterator]();
    const next = failures.next();
    await rejectionOf(claimed.ensure(7 * UNIT, 1), 'ERR_VMO_SUPPLY');
    const value = (await next).value as SupplyFailure | undefined;
    expect(value).to.deep.include({ offset: 7 * UNIT, byteLength: UNIT });
    expect(value?.error).to.include({ code: 'ERR_VMO_SUPPLY' });
  });

  it("reads as zeros where it has failed, for ever, with onSupplyFailure: 'zeros'", async () => {
    const claimed = await claim({ onSupplyFailure: 'zeros' });
    await obey(supplier, 'fail 6');
    expect(await touch(claimed, 6)).to.equal(0);
    expect(claimed.failed).to.equal(true);
    await obey(supplier, 'fill 6');
    await rejectionOf(claimed.ensure(6 * UNIT, UNIT), 'ERR_VMO_SUPPLY');
    expect(await touchOnThread(at(claimed, 6) + BigInt(PAGE))).to.equal(0);
    claimed.release();
    expect(await supplier.event('hung-up')).to.deep.equal([6]);
  });

  it('gives back what is recalled, and asks again', async () => {
    using claimed = await claim();
    expect(await touch(claimed, 3)).to.equal(byteOf(3));
    await supplier.event('asked');
    await obey(supplier, 'recall 3');
    expect(await supplier.event('given')).to.equal(1);
    expect(await obey(supplier, 'punch 3')).to.deep.equal([]);
    expect(await touch(claimed, 3)).to.equal(byteOf(3));
    expect(await supplier.event('asked')).to.deep.equal([3, 1, true]);
  });

  it('keeps what is pinned, until the pin is released', async () => {
    using claimed = await claim();
    const pin = await claimed.ensure(3 * UNIT, 1);
    await obey(supplier, 'recall 3');
    expect(await supplier.event('kept')).to.equal(1);
    pin.release();
    await obey(supplier, 'recall 3');
    expect(await supplier.event('given')).to.equal(2);
  });

  it('grows nothing when it is released while a thread waits', async () => {
    const claimed = await claim();
    expect(claimed.buffer.byteLength).to.be.greaterThan(0); // who has a buffer may be in the middle of a touch
    await obey(supplier, 'silent');
    const waiting = touch(claimed, 9);
    await supplier.event('asked');
    claimed.release();
    expect(await waiting).to.equal(0);
    expect(await supplier.event('hung-up')).to.deep.equal([]);
  });

  it('is not there in a child that is forked', async () => {
    using claimed = await claim();
    expect(probe().touchInChild(at(claimed, 1))).to.have.property('signal');
    expect(await obey(supplier, 'look')).to.deep.equal([]);
  });

  for (const command of ['out-of-bounds', 'garbage']) {
    it(`hangs up on a source that says what is ${command}`, async () => {
      using claimed = await claim();
      await obey(supplier, command);
      expect(await supplier.event('hung-up')).to.deep.equal([]);
      await rejectionOf(claimed.ensure(0, UNIT), command === 'garbage' ? 'ERR_VMO_PEER_GONE' : 'ERR_VMO_PROTOCOL');
    });
  }

  it('hangs up on a source that says of a hole that it is there, once and again', async () => {
    using claimed = await claim();
    await obey(supplier, 'lie 8');
    await rejectionOf(claimed.ensure(8 * UNIT, UNIT), 'ERR_VMO_PROTOCOL');
    expect(probe().writeFrom(at(claimed, 8), 8)).to.equal(EFAULT);
    expect(await supplier.event('hung-up')).to.deep.equal([]);
  });

  it('outlives a source that says what it likes: whoever waits has the bytes, or an error', async () => {
    for (let seed = runSeed; seed < runSeed + 8; seed++) {
      using claimed = await claim();
      const waiting = Array.from({ length: 16 }, (_, unit) => claimed.ensure(unit * UNIT, UNIT));
      const ends = Promise.allSettled(waiting);
      await obey(supplier, `babble ${seed}`);
      for (const end of await ends) {
        if (end.status === 'rejected') expect(end.reason).to.be.an.instanceOf(VmoError);
      }
      expect(probe().writeFrom(at(claimed, seed % 16), 8)).to.be.oneOf([8, EFAULT]);
    }
  });

  it('cannot be passed on, nor pulled', async () => {
    await rejectionOf(claim({ transfer: 'pull' }), 'ERR_VMO_UNSUPPORTED');
    using claimed = await claim();
    thrownBy(() => vmOffer(process.pid, claimed, VMO_GRANT_R), 'ERR_VMO_UNSUPPORTED');
  });

  for (const paging of ['eager', 'kernel'] as const) {
    it(`is filled wholly and kept, with paging: '${paging}'`, async () => {
      using claimed = paging === 'eager' ? await claim({ paging }) : vmClaimSync(supplier.pid, ADDRESS, { paging });
      expect(claimed).to.include({ paging: 'eager', supplied: true });
      expect(claimed.stats().supply.supplied).to.equal(16);
      expect(new BigUint64Array(claimed.buffer)[(15 * UNIT) / 8]).to.equal(BigInt(15 * PAGES_PER_UNIT + 1));
      await obey(supplier, 'recall 3');
      expect(await supplier.event('kept')).to.equal(1);
    });
  }

  it("is not made with paging: 'eager' where a unit fails", async () => {
    await obey(supplier, 'fail 4');
    await rejectionOf(claim({ paging: 'eager' }), 'ERR_VMO_SUPPLY');
    await supplier.event('hung-up');
  });

  for (const [how, command] of [
    ['that fails', 'fail 5'],
    ['that is silent', 'silent'],
    ['that is gone', 'hang-up'],
  ] as const) {
    it(`ends a process that touches what has not come from a source ${how}, which says why first`, async () => {
      await using claimer = await startFixture<ObedientCommands>('obedient');
      const { region, address } = await claimer.call('claim', supplier.pid, ADDRESS);
      await obey(supplier, command);
      const reading = claimer.call('read', region, 5 * UNIT).catch(() => undefined);
      const { signal, stderr } = await claimer.ended;
      await reading;
      expect(signal).to.equal(SIGNAL_OF_FAILED_MEMORY);
      expect(stderr).to.match(
        new RegExp(
          `supplied memory at 0x${address.toString(16)}, claimed from process ${supplier.pid}, .* offset ${5 * UNIT}: `,
        ),
      );
      expect(stderr, 'a terminal obeys control characters').to.not.match(/[^\P{Cc}\n]/u);
    });
  }
});

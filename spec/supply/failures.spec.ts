import { expect } from 'chai';
import { Channel, vmClaim, vmOffer, VMO_GRANT_R, type SuppliedRegion, type SupplyOptions } from 'vmoffer';
import type { WordsOptions } from '../../fixtures/suppliers/words.js';
import { until } from '../support/barriers.js';
import { SIGNAL_OF_FAILED_MEMORY } from '../support/kernel-version.js';
import { Code } from '../support/codes.js';
import { lengthOf, numbered } from '../support/numbered.js';
import type { Obedient } from '../support/obedient.js';
import { PAGE } from '../support/pages.js';
import { probe } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';
import { resume, stop } from '../support/stopped.js';
import { SupplyStage, UNIT } from '../support/supply-stage.js';
import { fillWords } from '../support/words.js';
import { rejectionOf, thrownBy } from '../support/vmo-error.js';

const UNITS = 8;
const BYTES = UNITS * UNIT;
const TIMEOUT_MS = 500;
const EFAULT = -14;
const SUPPLIED = 256;

describe('a failure of supplied memory', () => {
  const stage = new SupplyStage(BYTES);

  before(function () {
    requires(this, needs.fullUserfault, needs.probe);
  });

  afterEach(() => stage.clear());

  /** Supplied by this process. */
  const supplied = (words: WordsOptions, options?: Omit<SupplyOptions, 'supplier'>) => stage.supplied(options, words);
  const claim = (region: SuppliedRegion) => stage.claim(region);

  /** Supplied by another process, and claimed by a third. */
  async function claimOfAnother(words: WordsOptions = {}, options: Omit<SupplyOptions, 'supplier'> = {}) {
    const staged = await stage.startSource({ timeoutMs: TIMEOUT_MS, ...options }, words);
    return { ...staged, ...(await stage.claimFrom(staged)) };
  }

  /** The process ends at a touch, and says why first. */
  async function expectEndByTouch(reader: Obedient, claim: number, offset: number, cause: RegExp): Promise<void> {
    const reading = reader.call('read', claim, offset).catch(() => undefined);
    const { signal, stderr } = await reader.ended;
    await reading;
    expect(signal).to.equal(SIGNAL_OF_FAILED_MEMORY);
    expect(stderr).to.match(/^vmoffer: the supplied memory at 0x[0-9a-f]+, claimed from process \d+,/m);
    expect(stderr).to.include(`offset ${offset}`);
    expect(stderr).to.match(cause);
  }

  describe('where the supplier throws', () => {
    const throwsFrom = 4 * UNIT;

    it('rejects ensure() with what it said, and leaves the rest readable', async () => {
      const { reader, claim: handle } = await claim(supplied({ throwsFrom }));
      const { message } = await rejectionOf(reader.call('ensure', handle, throwsFrom, 1), 'ERR_VMO_SUPPLY');
      expect(message).to.include(`there is nothing at ${throwsFrom}`);
      expect(await reader.call('wrongWord', handle, 0, throwsFrom)).to.equal(undefined);
      expect(await reader.call('writeFrom', handle, throwsFrom, 8)).to.equal(EFAULT);
    });

    it('ends a process that touches it, which says why first', async () => {
      const { reader, claim: handle } = await claim(supplied({ throwsFrom }));
      await expectEndByTouch(reader, handle, throwsFrom, /there is nothing at 262144/);
    });

    it('has the bytes once they have been put in, or tried again', async () => {
      const region = supplied({ throwsFrom });
      const { reader, claim: handle } = await claim(region);
      await rejectionOf(reader.call('ensure', handle, throwsFrom, 1), 'ERR_VMO_SUPPLY');
      region.retry(throwsFrom, UNIT);
      await until('it has failed again', () => region.stats().unitsFailed === 2);
      const bytes = new Uint8Array(UNIT);
      fillWords(bytes, throwsFrom);
      region.fill(throwsFrom, bytes);
      await reader.call('ensure', handle, throwsFrom, UNIT);
      expect(await reader.call('wrongWord', handle, throwsFrom, UNIT)).to.equal(undefined);
    });

    it('fails a prefetch of it, which brings the rest, and nobody is ended', async () => {
      const { reader, claim: handle } = await claim(supplied({ throwsFrom }));
      await rejectionOf(reader.call('prefetch', handle), 'ERR_VMO_SUPPLY');
      expect(await reader.call('residentPages', handle)).to.equal(throwsFrom / PAGE);
      expect(await reader.call('wrongWord', handle, 0, throwsFrom)).to.equal(undefined);
    });

    it('fails every claimer that waits for it', async () => {
      const region = supplied({ throwsFrom });
      const readers = [await claim(region), await claim(region)];
      await Promise.all(
        readers.map(({ reader, claim: handle }) =>
          rejectionOf(reader.call('ensure', handle, 0, BYTES), 'ERR_VMO_SUPPLY'),
        ),
      );
    });
  });

  describe('where the supplier never ends', () => {
    it('rejects ensure() after the time of a unit', async () => {
      const region = supplied({ hangsFrom: UNIT }, { timeoutMs: TIMEOUT_MS });
      const { reader, claim: handle } = await claim(region);
      await rejectionOf(reader.call('ensure', handle, UNIT, 1), 'ERR_VMO_TIMEOUT');
      expect(await reader.call('wrongWord', handle, 0, UNIT)).to.equal(undefined);
    });

    it('ends a process that touches it, which says why first', async () => {
      const region = supplied({ hangsFrom: UNIT }, { timeoutMs: TIMEOUT_MS });
      const { reader, claim: handle } = await claim(region);
      await expectEndByTouch(reader, handle, UNIT, /within its 500 ms/);
    });
  });

  describe('where the source is stopped', () => {
    it('rejects ensure() after the time that it promised, and is brought once it continues', async () => {
      const { source, reader, claim: handle } = await claimOfAnother();
      await reader.call('ensure', handle, 0, UNIT);
      await stop(source);
      await rejectionOf(reader.call('ensure', handle, UNIT, 1), 'ERR_VMO_TIMEOUT');
      expect(await reader.call('wrongWord', handle, 0, UNIT)).to.equal(undefined);
      resume(source);
      await until('it is there', () =>
        reader.call('ensure', handle, UNIT, 1).then(
          () => true,
          () => false,
        ),
      );
      expect(await reader.call('wrongWord', handle, 0, BYTES)).to.equal(undefined);
    });

    it('brings what it was filling, too, once it continues', async () => {
      const { source, region, reader, claim: handle } = await claimOfAnother({ takesMs: TIMEOUT_MS / 2 });
      const waiting = rejectionOf(reader.call('ensure', handle, 0, 1), 'ERR_VMO_TIMEOUT');
      await until('it is being filled', async () => (await source.call('supplyStats', region)).unitsOrdered === 1);
      await stop(source);
      await waiting;
      resume(source);
      await reader.call('ensure', handle, 0, 1);
      expect(await source.call('supplyStats', region)).to.include({ unitsOrdered: 1, unitsFailed: 0 });
    });

    it('ends a process that touches it, which says why first', async () => {
      const { source, reader, claim: handle } = await claimOfAnother();
      await stop(source);
      await expectEndByTouch(reader, handle, 0, /stopped or stuck/);
    });
  });

  describe('where the source has ended', () => {
    it('fails what waits at once, and leaves what was brought', async () => {
      const { source, reader, claim: handle } = await claimOfAnother({ hangsFrom: 4 * UNIT }, { timeoutMs: 60_000 });
      await reader.call('ensure', handle, 0, 4 * UNIT);
      const waiting = rejectionOf(reader.call('ensure', handle, 4 * UNIT, 1), 'ERR_VMO_PEER_GONE');
      source.kill('SIGKILL');
      await waiting;
      await rejectionOf(reader.call('ensure', handle, 6 * UNIT, 1), 'ERR_VMO_PEER_GONE');
      expect(await reader.call('writeFrom', handle, 6 * UNIT, 8)).to.equal(EFAULT);
      expect(await reader.call('wrongWord', handle, 0, 4 * UNIT)).to.equal(undefined);
    });

    it('ends a process whose thread waits, which says why first', async () => {
      const { source, region, reader, claim: handle } = await claimOfAnother({ hangsFrom: 0 }, { timeoutMs: 60_000 });
      const ended = expectEndByTouch(reader, handle, 2 * UNIT, /has ended or has released it/);
      await until('it is asked for', async () => (await source.call('supplyStats', region)).unitsAwaited === 1);
      source.kill('SIGKILL');
      await ended;
    });

    it('fails what waits where the source releases the memory', async () => {
      const region = supplied({ hangsFrom: UNIT });
      const { reader, claim: handle } = await claim(region);
      await reader.call('ensure', handle, 0, UNIT);
      const waiting = rejectionOf(reader.call('ensure', handle, UNIT, 1), 'ERR_VMO_PEER_GONE');
      await until('it is asked for', () => region.stats().unitsOrdered === 2);
      region.release();
      await waiting;
      expect(await reader.call('wrongWord', handle, 0, UNIT)).to.equal(undefined);
    });
  });

  describe('where a claimer ends', () => {
    it('leaves to the others what both have asked for', async () => {
      const region = supplied({});
      const dead = await claim(region);
      const alive = await claim(region);
      const asked = dead.reader.call('ensure', dead.claim, 0, BYTES).catch(() => undefined);
      dead.reader.kill('SIGKILL');
      expect(await alive.reader.call('wrongWord', alive.claim, 0, BYTES)).to.equal(undefined);
      await asked;
      await until('it is gone', () => region.stats().claims === 1);
    });

    it('is over when the claim is released while a thread waits', async () => {
      const region = supplied({ hangsFrom: 0 }, { timeoutMs: 60_000 });
      const { reader, claim: handle } = await claim(region);
      await reader.call('holdBuffer', handle);
      const touching = reader.call('touch', handle, 0).catch(() => undefined);
      await until('it is asked for', () => region.stats().unitsAwaited === 1);
      await reader.call('release', handle);
      expect(await touching).to.equal(0); // its own zeros, after the release
      await until('it is gone', () => region.stats().claims === 0);
    });
  });

  it('of a version of the library that knows no supplied memory is a refusal of the claim', () => {
    const terms = { offerId: 1n, address: BigInt(PAGE), byteLength: BigInt(PAGE), objectOffset: 0n };
    const refusal = probe().checkTerms({ ...terms, flags: VMO_GRANT_R | SUPPLIED }, BigInt(PAGE), PAGE);
    expect(refusal?.code).to.equal(Code.Protocol);
    expect(refusal?.message).to.include('flags that no offer can have');
  });

  it('is the refusal to send it as a message of a channel, which goes on', async () => {
    const region = supplied({});
    const receiver = await stage.start();
    const accepting = receiver.call('acceptChannel', process.pid);
    const channel = await Channel.open(receiver.pid);
    const accepted = await accepting;
    thrownBy(() => channel.send(region, VMO_GRANT_R), 'ERR_VMO_UNSUPPORTED');
    await channel.send(numbered(1, lengthOf(1, channel.slotBytes)));
    await receiver.call('receiveNumbered', accepted, 1, 2);
    await channel.close();
  });

  it('is not possible for the process that supplies the memory, which cannot claim it', async () => {
    const region = supplied({});
    expect(() => vmOffer(process.pid, region, VMO_GRANT_R)).to.throw(/wait for itself/);
    await rejectionOf(vmClaim(process.pid, region.address), 'ERR_VMO_NOT_OFFERED');
  });
});

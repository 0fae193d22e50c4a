import { expect } from 'chai';
import {
  Channel,
  supply,
  vmClaim,
  vmOffer,
  VMO_GRANT_R,
  type ClaimOptions,
  type SuppliedRegion,
  type SupplyOptions,
} from 'vmoffer';
import type { WordsOptions } from '../../fixtures/suppliers/words.js';
import { until } from '../support/barriers.js';
import { Code } from '../support/codes.js';
import { lengthOf, numbered } from '../support/numbered.js';
import { startObedient, type Obedient } from '../support/obedient.js';
import { PAGE } from '../support/pages.js';
import { probe } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';
import { resume, stop } from '../support/stopped.js';
import { fillWords } from '../support/words.js';
import { rejectionOf, thrownBy } from '../support/vmo-error.js';

const UNIT = 64 * 1024;
const UNITS = 8;
const BYTES = UNITS * UNIT;
const TIMEOUT_MS = 500;
const EFAULT = -14;
const SUPPLIED = 256;

describe('a failure of supplied memory', () => {
  const started: Obedient[] = [];
  const regions: SuppliedRegion[] = [];

  before(function () {
    requires(this, needs.fullUserfault, needs.probe);
  });

  afterEach(async () => {
    for (const child of started.splice(0)) await child[Symbol.asyncDispose]();
    for (const region of regions.splice(0)) region.release();
  });

  async function start(user: 'same' | 'nobody' = 'same'): Promise<Obedient> {
    const child = await startObedient({ user });
    started.push(child);
    return child;
  }

  /** Supplied by this process. */
  function supplied(words: WordsOptions, options: Partial<SupplyOptions> = {}, byteLength = BYTES): SuppliedRegion {
    const supplier = { module: new URL('../../fixtures/suppliers/words.js', import.meta.url), options: words };
    const region = supply(byteLength, { supplier, unit: UNIT, ...options });
    regions.push(region);
    return region;
  }

  async function claim(region: SuppliedRegion, options?: ClaimOptions, user: 'same' | 'nobody' = 'same') {
    const reader = await start(user);
    vmOffer(reader.pid, region, VMO_GRANT_R);
    const claimed = await reader.call('claim', process.pid, region.address, options);
    return { reader, ...claimed, claim: claimed.region };
  }

  /** Supplied by another process, and claimed by a third. */
  async function claimOfAnother(words: WordsOptions = {}, options: Omit<SupplyOptions, 'supplier'> = {}) {
    const source = await start();
    const reader = await start();
    const { region, address } = await source.call(
      'supply',
      BYTES,
      { unit: UNIT, timeoutMs: TIMEOUT_MS, ...options },
      words,
    );
    await source.call('offerSupplied', reader.pid, region);
    const { region: handle } = await reader.call('claim', source.pid, address);
    return { source, region, reader, claim: handle };
  }

  /** The process ends at a touch, and says why first. */
  async function expectEndByTouch(reader: Obedient, claim: number, offset: number, cause: RegExp): Promise<void> {
    const reading = reader.call('read', claim, offset).catch(() => undefined);
    const { signal, stderr } = await reader.ended;
    await reading;
    expect(signal).to.equal('SIGBUS');
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

  describe('of a claim that waits until all is there', () => {
    /** Its first unit comes, and no other. */
    async function begin(how: ClaimOptions) {
      const source = await start();
      const options = { unit: UNIT, timeoutMs: 600_000 };
      const { region, address } = await source.call('supply', BYTES, options, { hangsFrom: UNIT });
      await source.call('offerSupplied', process.pid, region);
      const claiming = vmClaim(source.pid, address, { paging: 'eager', ...how });
      const isBegun = async () => (await source.call('supplyStats', region)).unitsSupplied === 1;
      return { source, region, claiming, isBegun };
    }

    it('is given up by its signal', async () => {
      const controller = new AbortController();
      const { source, region, claiming, isBegun } = await begin({ signal: controller.signal });
      const reason = claiming.catch((error: unknown) => error);
      await until('it is being filled', isBegun);
      controller.abort(new Error('not needed any more'));
      expect(await reason).to.equal(controller.signal.reason);
      await until('the source has heard of it', async () => (await source.call('supplyStats', region)).claims === 0);
    });

    it('ends with its source', async () => {
      const { source, claiming, isBegun } = await begin({});
      const refusal = rejectionOf(claiming, 'ERR_VMO_PEER_GONE');
      await until('it is being filled', isBegun);
      source.kill('SIGKILL');
      await refusal;
    });
  });

  describe('of a claimer without full rights to userfaultfd', () => {
    before(function () {
      requires(this, needs.root);
    });

    it('is none: all is there before the claim resolves', async () => {
      const region = supplied({});
      const { reader, claim: handle, paging } = await claim(region, undefined, 'nobody');
      expect(paging).to.equal('eager');
      expect(region.stats()).to.include({ unitsSupplied: UNITS, residentBytes: BYTES });
      expect(await reader.call('writeFrom', handle, BYTES - UNIT, UNIT)).to.equal(UNIT);
      region.evict();
      expect(await reader.call('wrongWord', handle, 0, BYTES)).to.equal(undefined);
      expect(region.stats().unitsEvicted).to.equal(0);
    });

    it('rejects the claim where a unit cannot be brought', async () => {
      await rejectionOf(claim(supplied({ throwsFrom: 6 * UNIT }), undefined, 'nobody'), 'ERR_VMO_SUPPLY');
    });

    it('rejects the claim of more than 1 GiB', async () => {
      const region = supplied({}, {}, (1 << 30) + PAGE);
      const { message } = await rejectionOf(claim(region, undefined, 'nobody'), 'ERR_VMO_UNSUPPORTED');
      expect(message).to.include('vmoffer doctor');
      expect(region.stats().unitsOrdered).to.equal(0);
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
    const receiver = await start();
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

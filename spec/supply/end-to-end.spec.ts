import { expect } from 'chai';
import { supply, type SuppliedRegion, type Supplier, type SupplyOptions } from 'vmoffer';
import { until } from '../support/barriers.js';
import { PAGE } from '../support/pages.js';
import { runSeed } from '../support/random.js';
import { needs, requires } from '../support/requires.js';
import { resume, stop } from '../support/stopped.js';
import { HandClaimer } from '../support/supplied.js';
import { SupplyStage, UNIT } from '../support/supply-stage.js';
import { startWorker } from '../support/worker.js';

const UNITS = 64;
const BYTES = UNITS * UNIT;
const READERS = 3;

/** Drops all that can be dropped, again and again: what was ordered ahead may come later. */
const areLeft = (memory: SuppliedRegion, byteLength: number) => () => {
  memory.evict();
  return memory.stats().residentBytes === byteLength;
};

/** A supplier that brings bytes when the spec says so. */
class HeldBytes {
  readonly #ends: (() => void)[] = [];

  readonly supplier: Supplier = (_, into) =>
    new Promise<void>((resolve) => {
      this.#ends.push(() => {
        into.fill(1);
        resolve();
      });
    });

  /** How many units it has been asked for and has not brought. */
  get count(): number {
    return this.#ends.length;
  }

  bringOne(): void {
    this.#ends.shift()?.();
  }
}

describe('supplied memory, from supplier to claimers', () => {
  const stage = new SupplyStage(BYTES);
  const supplied = (options?: Omit<SupplyOptions, 'supplier'>, byteLength?: number) =>
    stage.supplied(options, {}, byteLength);
  const claim = (memory: SuppliedRegion) => stage.claim(memory);

  before(function () {
    requires(this, needs.fullUserfault, needs.probe);
  });

  afterEach(() => stage.clear());

  const claims = (memory: SuppliedRegion) => Promise.all(Array.from({ length: READERS }, () => claim(memory)));

  it('is filled once for all who read it, each in another order', async () => {
    const memory = supplied();
    const readers = await claims(memory);
    const wrong = await Promise.all(
      readers.map(({ reader, claim }, at) => reader.call('wrongWordOfAll', claim, UNIT, runSeed + at)),
    );
    expect(wrong).to.deep.equal([undefined, undefined, undefined]);
    expect(memory.stats()).to.include({ unitsOrdered: UNITS, unitsSupplied: UNITS, unitsFailed: 0, claims: READERS });
  });

  it('is filled once for many threads of many processes that touch one page', async () => {
    const memory = supplied();
    const readers = await claims(memory);
    const touches = readers.flatMap(({ reader, claim }) =>
      Array.from({ length: 8 }, () => reader.call('touch', claim, 5 * UNIT)),
    );
    expect(new Set(await Promise.all(touches)).size).to.equal(1);
    expect(memory.stats()).to.include({ unitsOrdered: 1, unitsSupplied: 1 });
  });

  for (const length of [PAGE, UNIT, UNIT + PAGE, BYTES - PAGE]) {
    it(`has every byte, and no other, where it has ${length} bytes`, async () => {
      const memory = supplied({}, length);
      const { reader, claim: handle } = await claim(memory);
      expect(await reader.call('wrongWordOfAll', handle, UNIT, runSeed)).to.equal(undefined);
      expect(memory.stats()).to.include({ unitsSupplied: Math.ceil(length / UNIT), residentBytes: length });
    });
  }

  for (const unit of [256 * 1024, 4 << 20]) {
    it(`has every byte with units of ${unit >> 10} KiB`, async () => {
      const { reader, claim: handle } = await claim(supplied({ unit }, 2 * BYTES + PAGE));
      expect(await reader.call('wrongWordOfAll', handle, UNIT, runSeed)).to.equal(undefined);
    });
  }

  it('is supplied by a process without privileges', async function () {
    requires(this, needs.root);
    const staged = await stage.startSource({ budget: BYTES / 2, concurrency: 2 }, {}, 'nobody');
    const { reader, claim: claimed } = await stage.claimFrom(staged);
    for (const turn of [0, 1]) {
      expect(await reader.call('wrongWordOfAll', claimed, UNIT, runSeed + turn)).to.equal(undefined);
    }
    const { unitsEvicted } = await staged.source.call('supplyStats', staged.region);
    expect(unitsEvicted).to.be.greaterThan(0);
  });

  it('is read through a quarter of itself, by several, without a wrong byte, and stays within its budget', async () => {
    const concurrency = 2;
    const budget = BYTES / 4;
    const memory = supplied({ concurrency, budget });
    const readers = await claims(memory);
    const wrong = await Promise.all(
      readers.flatMap(({ reader, claim }, at) => [reader.call('wrongWordOfAll', claim, UNIT, runSeed + at)]),
    );
    expect(wrong).to.deep.equal([undefined, undefined, undefined]);
    const { mostResidentBytes, unitsEvicted } = memory.stats();
    expect(unitsEvicted).to.be.at.least(UNITS / 2);
    expect(mostResidentBytes).to.be.at.most(budget + concurrency * UNIT);
  });

  it('never shows a zero or a torn page, while units are dropped, grown by a stranger and filled again', async () => {
    const memory = supplied();
    const readers = await claims(memory);
    await using grower = await HandClaimer.of(memory);
    const reading = readers.map(({ reader, claim }, at) => reader.call('readOn', claim, runSeed + at));
    for (const { reader } of readers) await reader.event('reading');
    for (let round = 0; round < 100; round++) {
      const before = memory.stats().unitsEvicted;
      grower.do('grow-each', UNIT);
      await grower.event('grown');
      await until('units have been dropped', () => {
        memory.evict();
        return memory.stats().unitsEvicted > before;
      });
    }
    for (const { reader } of readers) await reader.call('stopReading');
    expect(await Promise.all(reading)).to.deep.equal([undefined, undefined, undefined]);
  });

  it('keeps what is pinned while all else is dropped', async () => {
    const memory = supplied();
    const { reader, claim: handle } = await claim(memory);
    const pin = await reader.call('ensure', handle, UNIT, 2 * UNIT);
    await reader.call('wrongWord', handle, 8 * UNIT, UNIT);
    await until('what is not pinned has been dropped', areLeft(memory, 2 * UNIT));
    await reader.call('unpin', pin);
    await until('all has been dropped', areLeft(memory, 0));
    expect(await reader.call('wrongWord', handle, UNIT, 2 * UNIT)).to.equal(undefined);
  });

  it('is right for a claimer that was stopped while others read on', async () => {
    const memory = supplied({ concurrency: 2, budget: BYTES / 4 });
    const [stopped, other] = [await claim(memory), await claim(memory)];
    await stopped.reader.call('wrongWordOfAll', stopped.claim, UNIT, runSeed);
    await stop(stopped.reader);
    const reading = other.reader.call('readOn', other.claim, runSeed);
    await other.reader.event('reading');
    await until('it is given up to ask for its units', () => memory.stats().recallsRefused > 0, 30_000);
    const { unitsEvicted } = memory.stats();
    await until('others are dropped instead', () => memory.stats().unitsEvicted > unitsEvicted + UNITS);
    resume(stopped.reader);
    expect(await stopped.reader.call('wrongWordOfAll', stopped.claim, UNIT, runSeed)).to.equal(undefined);
    await other.reader.call('stopReading');
    expect(await reading).to.equal(undefined);
    expect(memory.stats().claims).to.equal(2);
  }).timeout(90_000);

  it('is dropped where a claim is released while it is recalled', async () => {
    const memory = supplied();
    for (let round = 0; round < 10; round++) {
      const { reader, claim: handle } = await claim(memory);
      await reader.call('wrongWord', handle, 0, 8 * UNIT);
      memory.evict();
      await reader.call('release', handle);
      await until('nothing is there', areLeft(memory, 0));
      await until('nobody has it', () => memory.stats().claims === 0);
      await reader[Symbol.asyncDispose]();
    }
  });

  it('is prefetched, and counted as resident', async () => {
    const memory = supplied();
    const { reader, claim: handle } = await claim(memory);
    await reader.call('prefetch', handle);
    expect(await reader.call('residentPages', handle)).to.equal(BYTES / PAGE);
    expect((await reader.call('stats', handle)).supply).to.deep.equal({ asked: UNITS, supplied: UNITS, failed: 0 });
    expect(memory.stats()).to.include({ unitsSupplied: UNITS, residentBytes: BYTES });
  });

  it('gives its supplier as much at once as that takes, where it is prefetched', async () => {
    const [unit, units, concurrency] = [4 << 20, 12, 8];
    const held = new HeldBytes();
    using memory = supply(unit * units, { supplier: held.supplier, unit, concurrency });
    const { reader, claim: handle } = await claim(memory);
    const prefetched = reader.call('prefetch', handle);
    for (let brought = 0; brought < units; brought++) {
      const most = Math.min(concurrency, units - brought);
      await until(`the supplier has ${most} units`, () => held.count === most);
      held.bringOne();
    }
    await prefetched;
  });

  it('is asked for no more than has been begun, once a prefetch is aborted', async () => {
    const [unit, units, begun] = [1 << 20, 32, 8]; // two steps of 4 MiB
    const held = new HeldBytes();
    using memory = supply(unit * units, { supplier: held.supplier, unit, concurrency: 2 });
    const { reader, claim: handle } = await claim(memory);
    const prefetched = reader.call('prefetchOn', handle);
    await until('all is asked for', () => memory.stats().unitsAsked === units);
    await reader.call('stopPrefetching');
    await prefetched;
    const pinned = reader.call('ensure', handle, (units - 1) * unit, unit);
    await until('the last unit is asked for again', () => memory.stats().unitsAsked === units + 1);
    await until('all is brought that is wanted', () => {
      held.bringOne();
      return memory.stats().unitsSupplied === begun + 1;
    });
    await pinned;
    expect(memory.stats().unitsOrdered).to.equal(begun + 1);
  });

  it('asks no more than once for what is complete', async () => {
    const memory = supplied();
    const first = await claim(memory);
    await first.reader.call('prefetch', first.claim);
    const second = await claim(memory);
    expect(await second.reader.call('wrongWordOfAll', second.claim, UNIT, runSeed)).to.equal(undefined);
    expect((await second.reader.call('stats', second.claim)).supply.asked).to.equal(1);
    expect(memory.stats().unitsOrdered).to.equal(UNITS);
  });

  it('has bytes that the program has put in, beside those of the supplier', async () => {
    const memory = supplied();
    memory.fill(2 * UNIT, new Uint8Array(UNIT).fill(7));
    const { reader, claim: handle } = await claim(memory);
    expect(await reader.call('read', handle, 2 * UNIT + 99)).to.equal(7);
    expect(await reader.call('wrongWord', handle, 3 * UNIT, UNIT)).to.equal(undefined);
    expect(memory.stats()).to.include({ unitsPushed: 1 });
  });

  it('is claimed by threads of one process, each for itself', async () => {
    const { source, address, region: handle } = await stage.startSource();
    const workers = await Promise.all([startWorker(), startWorker()]);
    for (const [at, worker] of workers.entries()) {
      await source.call('offerSupplied', process.pid, handle);
      const { region: claimed } = await worker.call('claim', source.pid, address);
      expect(await worker.call('wrongWordOfAll', claimed, UNIT, runSeed + at)).to.equal(undefined);
    }
    expect(await source.call('supplyStats', handle)).to.include({ claims: 2, unitsSupplied: UNITS });
    for (const worker of workers) await worker.terminate();
    await until('they are gone', async () => (await source.call('supplyStats', handle)).claims === 0);
  });
});

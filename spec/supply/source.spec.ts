import { expect } from 'chai';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { supply, vmListOfferSync, VmoError, vmOffer, VMO_DISOWN, VMO_DROP_W, VMO_GRANT_R, VMO_GRANT_W } from 'vmoffer';
import type { Offer, SuppliedRegion, Supplier, SupplyOptions, Want } from 'vmoffer';
import { until } from '../support/barriers.js';
import { startHostile } from '../support/child.js';
import { Code } from '../support/codes.js';
import { openDescriptors } from '../support/fds.js';
import { needs, requires } from '../support/requires.js';
import { HandClaimer, ready, recall, UNIT } from '../support/supplied.js';
import { thrownBy } from '../support/vmo-error.js';

const UNITS = 8;
const GRANT_R_SUPPLIED = 257;
const MARK = 10;

/** A supplier whose fills the spec ends, in the order in which they began. */
class HeldSupplier {
  readonly begun: Want[] = [];
  readonly #ends: ((error?: Error) => void)[] = [];

  readonly supplier: Supplier = (want, into) =>
    new Promise<void>((resolve, reject) => {
      this.begun.push(want);
      this.#ends.push((error) => {
        into.fill(want.offset / UNIT + MARK);
        if (error) reject(error);
        else resolve();
      });
    });

  get units(): number[] {
    return this.begun.map(({ offset }) => offset / UNIT);
  }

  async hasBegun(count: number): Promise<void> {
    await until(`${count} fills have begun`, () => this.begun.length >= count);
  }

  isAborted(index: number): boolean {
    return this.begun[index]?.signal.aborted === true;
  }

  end(index: number, error?: Error): void {
    this.#ends[index]?.(error);
  }
}

const marked: Supplier = ({ offset }, into) => {
  into.fill(offset / UNIT + MARK);
};

describe('the source of supplied memory', () => {
  let region: SuppliedRegion;
  const made: SuppliedRegion[] = [];

  before(function () {
    requires(this, needs.userfault);
  });
  afterEach(() => {
    for (const one of made.splice(0)) one.release();
  });

  function supplied(options: Partial<SupplyOptions> & Pick<SupplyOptions, 'supplier'>, units = UNITS): SuppliedRegion {
    region = supply(units * UNIT, { unit: UNIT, timeoutMs: 20_000, ...options });
    made.push(region);
    return region;
  }

  describe('filling', () => {
    it('sends SUPPLY, TERMS and DONE, and has what is asked for filled', async () => {
      await using claimer = await HandClaimer.of(supplied({ supplier: marked, timeoutMs: 3000 }));
      const { inOrder, ...terms } = claimer.terms;
      expect(inOrder).to.be.true;
      expect(terms).to.deep.equal({ unit: UNIT, timeoutMs: 3000, byteLength: UNITS * UNIT, flags: GRANT_R_SUPPLIED });
      claimer.ask(3);
      await claimer.expectReady(3);
      expect(await claimer.byteOf(3)).to.equal(3 + MARK);
      expect(await claimer.byteOf(2)).to.equal(0);
      expect(region.stats()).to.include({ claims: 1, unitsAsked: 1, unitsSupplied: 1, residentBytes: UNIT });
    });

    it('fills a unit once for all who ask', async () => {
      const held = new HeldSupplier();
      supplied({ supplier: held.supplier });
      await using one = await HandClaimer.of(region);
      await using other = await HandClaimer.of(region);
      one.ask(1);
      other.ask(1);
      await until('both have asked', () => region.stats().unitsAsked === 2);
      await held.hasBegun(1);
      held.end(0);
      await Promise.all([one.expectReady(1), other.expectReady(1)]);
      expect(held.units).to.deep.equal([1]);
    });

    it('tells a claimer of all that is there at once', async () => {
      supplied({ supplier: marked });
      region.fill(0, new Uint8Array(UNITS * UNIT).fill(7));
      await using claimer = await HandClaimer.of(region);
      claimer.ask(4);
      await claimer.expectReady(0, UNITS);
      expect(region.stats()).to.include({ unitsPushed: UNITS, unitsOrdered: 0 });
    });

    it('fills what a thread waits for before what is read ahead', async () => {
      const held = new HeldSupplier();
      await using claimer = await HandClaimer.of(supplied({ supplier: held.supplier, concurrency: 1 }));
      claimer.ask(0, 3, false);
      await held.hasBegun(1);
      claimer.ask(5, 1, true);
      await until('all is asked for', () => region.stats().unitsAsked === 4);
      for (const index of [0, 1, 2, 3]) {
        await held.hasBegun(index + 1);
        held.end(index);
      }
      expect(held.units).to.deep.equal([0, 5, 1, 2]);
      expect(held.begun.map(({ waiting }) => waiting)).to.deep.equal([false, true, false, false]);
    });

    it('asks the supplier for no more units at once than its concurrency', async () => {
      const [concurrency, units] = [3, 96];
      let [calls, most, begun] = [0, 0, 0];
      const supplier: Supplier = async (want, into) => {
        most = Math.max(most, ++calls);
        if (begun++ % 3 === 0) await setImmediate();
        into.fill(want.offset / UNIT + MARK);
        calls--;
      };
      await using claimer = await HandClaimer.of(supplied({ supplier, concurrency }, units));
      claimer.ask(0, 64, false);
      claimer.ask(64, 32, false);
      await until('all is filled', () => region.stats().unitsSupplied === units);
      expect(most).to.equal(concurrency);
    });

    it('brings the last unit, which is shorter', async () => {
      const page = 4096;
      region = supply(UNIT + page, { supplier: marked, unit: UNIT });
      made.push(region);
      await using claimer = await HandClaimer.of(region);
      claimer.do('ask', UNIT, page, true);
      expect(await claimer.said()).to.deep.equal({ is: 'ready', offset: UNIT, length: page });
      expect(await claimer.byteOf(1)).to.equal(1 + MARK);
    });

    it('overwrites a page that a claimer has made out of a hole', async () => {
      await using claimer = await HandClaimer.of(supplied({ supplier: marked }));
      claimer.do('grow', 2 * UNIT);
      expect(await claimer.event('grown')).to.equal(0);
      claimer.ask(2);
      await claimer.expectReady(2);
      expect(await claimer.byteOf(2)).to.equal(2 + MARK);
    });
  });

  describe('failing', () => {
    it('says what the supplier threw, again to who asks again, until it is retried', async () => {
      let isBroken = true;
      const supplier: Supplier = (want, into) => {
        if (isBroken) throw new Error('no such luck');
        return marked(want, into);
      };
      await using claimer = await HandClaimer.of(supplied({ supplier }));
      const failed = { is: 'failed', offset: 0, length: UNIT, code: Code.Supply, text: 'no such luck' };
      for (let time = 0; time < 2; ++time) {
        claimer.ask(0);
        expect(await claimer.said()).to.deep.equal(failed);
      }
      isBroken = false;
      region.retry();
      await claimer.expectReady(0); // without asking
      expect(region.stats()).to.include({ unitsFailed: 1, unitsOrdered: 2 });
    });

    it('fails a fill that does not end in time, aborts it, and shows life meanwhile', async () => {
      const held = new HeldSupplier();
      await using claimer = await HandClaimer.of(supplied({ supplier: held.supplier, timeoutMs: 400 }));
      claimer.ask(0);
      let signs = 0;
      const counted = (async () => {
        for (;;) {
          await claimer.event('progress');
          ++signs;
        }
      })().catch(() => undefined);
      expect(await claimer.said()).to.include({ is: 'failed', code: Code.Timeout });
      expect(signs).to.be.at.least(4);
      await until('the fill is aborted', () => held.isAborted(0));
      held.end(0); // too late
      claimer.ask(0);
      expect(await claimer.said()).to.include({ is: 'failed', code: Code.Timeout });
      claimer.kill();
      await counted;
    });

    it('lets progress extend a fill to six times its time, and no further', async () => {
      const timeoutMs = 100;
      const held = new HeldSupplier();
      await using claimer = await HandClaimer.of(supplied({ supplier: held.supplier, timeoutMs }));
      claimer.ask(0);
      await held.hasBegun(1);
      const begun = performance.now();
      const timer = setInterval(() => {
        held.begun[0]?.progress();
      }, timeoutMs / 10);
      expect(await claimer.said()).to.include({ is: 'failed', code: Code.Timeout });
      clearInterval(timer);
      const tookMs = performance.now() - begun;
      expect(tookMs).to.be.above(3 * timeoutMs);
      expect(tookMs, 'on a slow machine').to.be.below(60 * timeoutMs);
      held.end(0);
    });

    it('aborts a fill that nobody asks for any more, and takes its bytes all the same', async () => {
      const held = new HeldSupplier();
      await using claimer = await HandClaimer.of(supplied({ supplier: held.supplier }));
      claimer.ask(0);
      await held.hasBegun(1);
      expect(held.isAborted(0)).to.be.false;
      claimer.do('cancel', 0, UNITS * UNIT);
      await until('it is aborted', () => held.isAborted(0));
      held.end(0);
      await until('the bytes are there', () => region.stats().unitsUnwanted === 1);
      claimer.ask(0);
      await claimer.expectReady(0);
      expect(held.units).to.deep.equal([0]);
    });

    it('stops a fill when the program puts the bytes in itself', async () => {
      const held = new HeldSupplier();
      await using claimer = await HandClaimer.of(supplied({ supplier: held.supplier }));
      claimer.ask(0);
      await held.hasBegun(1);
      region.fill(0, new Uint8Array(UNIT).fill(99));
      await claimer.expectReady(0);
      await until('it is aborted', () => held.isAborted(0));
      held.end(0);
      expect(await claimer.byteOf(0)).to.equal(99);
    });

    it('forgets a claimer that is killed, and what it asked for', async () => {
      const held = new HeldSupplier();
      const claimer = await HandClaimer.of(supplied({ supplier: held.supplier, concurrency: 1 }));
      claimer.ask(0, 3);
      await held.hasBegun(1);
      claimer.kill();
      await claimer[Symbol.asyncDispose]();
      await until('the fill is aborted', () => held.isAborted(0));
      expect(region.stats().claims).to.equal(0);
      held.end(0);
      await until('it has ended', () => region.stats().unitsSupplied === 1);
      expect(held.units).to.deep.equal([0]);
    });
  });

  describe('a supplier of its own thread', () => {
    const module = new URL('../../fixtures/suppliers/marked.js', import.meta.url);

    it('brings units while this thread is busy', async () => {
      await using claimer = await HandClaimer.of(
        supplied({ supplier: { module, options: { unit: UNIT, mark: MARK } } }),
      );
      claimer.ask(0);
      await claimer.expectReady(0);
      claimer.ask(1);
      const before = performance.now();
      while (region.stats().unitsSupplied < 2) expect(performance.now()).to.be.below(before + 30_000);
      await claimer.expectReady(1);
    });

    it('fails what was under way when its thread ends, and is started again', async () => {
      const options = { unit: UNIT, mark: MARK, exitAt: 2 * UNIT, throwAt: UNIT };
      await using claimer = await HandClaimer.of(supplied({ supplier: { module, options } }));
      claimer.ask(1);
      expect(await claimer.said()).to.include({ is: 'failed', code: Code.Supply, text: `cannot bring ${UNIT}` });
      claimer.ask(2);
      expect(await claimer.said()).to.include({ is: 'failed', code: Code.Supply });
      claimer.ask(3);
      await claimer.expectReady(3);
    });

    it('fails all that is asked for if it cannot be loaded', async () => {
      const broken = new URL('../../fixtures/suppliers/broken.js', import.meta.url);
      await using claimer = await HandClaimer.of(supplied({ supplier: broken }));
      for (const unit of [0, 1]) {
        claimer.ask(unit);
        const { text } = (await claimer.said()) as { text: string };
        expect(text).to.contain('broken on purpose');
      }
    });

    it('ends with the thread of the program that made the region', async () => {
      const source = `
        import { workerData, parentPort } from 'node:worker_threads';
        const { supply } = await import(workerData.library);
        const region = supply(${UNIT}, { unit: ${UNIT}, supplier: { module: workerData.module, options: { unit: ${UNIT}, mark: 1 } } });
        parentPort.postMessage(region.address);
        setInterval(() => undefined, 1000);`;
      const library = import.meta.resolve('vmoffer');
      const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
      const worker = new Worker(url, { workerData: { library, module: module.href } });
      const [address] = (await once(worker, 'message')) as [bigint];
      const child = await startHostile('supplied', [process.pid]);
      const offer = vmOffer(child.pid, address, UNIT, VMO_GRANT_R) as Offer;
      child.say(JSON.stringify(['claim', String(address), 0]));
      await child.event('claimed');
      child.say(JSON.stringify(['ask', 0, UNIT, true]));
      expect(await child.event('said')).to.deep.equal(ready(0));
      await worker.terminate();
      expect(await child.event('said')).to.deep.equal({ is: 'hung-up' });
      await child[Symbol.asyncDispose]();
      await offer.released;
    });
  });

  describe('dropping', () => {
    it('drops what is evicted when all who hold it have given it, and fills it again', async () => {
      supplied({ supplier: marked });
      await using one = await HandClaimer.of(region);
      await using other = await HandClaimer.of(region);
      for (const claimer of [one, other]) {
        claimer.ask(0);
        await claimer.expectReady(0);
      }
      region.evict(0, UNIT);
      for (const claimer of [one, other]) expect(await claimer.said()).to.deep.equal(recall(0, 1));
      one.do('given', 1);
      one.ask(0); // waits until the other has answered
      other.do('given', 1);
      await one.expectReady(0);
      expect(region.stats()).to.include({ unitsEvicted: 1, unitsSupplied: 2 });
    });

    it('keeps what one of them needs, and tells the other of it', async () => {
      supplied({ supplier: marked });
      await using one = await HandClaimer.of(region);
      await using other = await HandClaimer.of(region);
      for (const claimer of [one, other]) {
        claimer.ask(0);
        await claimer.expectReady(0);
      }
      region.evict(0, UNIT);
      for (const claimer of [one, other]) await claimer.said();
      one.do('given', 1);
      one.ask(0);
      other.do('kept', 1);
      await one.expectReady(0);
      expect(region.stats()).to.include({ unitsEvicted: 0, unitsSupplied: 1, recallsRefused: 1 });
    });

    it('keeps to its budget, and the fills under way, while the claimer gives', async () => {
      const budget = 2 * UNIT;
      await using claimer = await HandClaimer.of(supplied({ supplier: marked, concurrency: 1, budget }));
      for (let unit = 0; unit < UNITS; ++unit) {
        claimer.ask(unit);
        let said = (await claimer.said()) as { is: string; number: number };
        for (; said.is === 'recall'; said = (await claimer.said()) as typeof said) claimer.do('given', said.number);
        expect(said).to.deep.equal(ready(unit));
      }
      const { mostResidentBytes, unitsEvicted } = region.stats();
      expect(mostResidentBytes).to.be.at.most(budget + UNIT);
      expect(unitsEvicted).to.be.at.least(UNITS - 3);
    });

    it('exceeds its budget where a claimer does not answer, after 5 seconds', async () => {
      await using claimer = await HandClaimer.of(supplied({ supplier: marked, concurrency: 1, budget: 2 * UNIT }));
      const begun = performance.now();
      let filled = 0;
      for (let unit = 0; unit < UNITS; ++unit) claimer.ask(unit);
      while (filled < UNITS) {
        if (((await claimer.said()) as { is: string }).is === 'ready') ++filled;
      }
      expect(performance.now() - begun).to.be.within(4900, 12_000);
      const { mostResidentBytes, recallsRefused } = region.stats();
      expect(mostResidentBytes).to.equal(UNITS * UNIT);
      expect(recallsRefused).to.be.at.least(1);
    }).timeout(30_000);
  });

  describe('a hostile line', () => {
    const OUT_OF_TURN: Record<string, [string, ...(number | string | boolean)[]]> = {
      'asks beyond the end': ['ask', UNITS * UNIT, UNIT, true],
      'asks across the end': ['ask', 0, (UNITS + 1) * UNIT, true],
      'asks for nothing': ['ask', 0, 0, true],
      'asks for a part of a unit': ['ask', 0, UNIT / 2, true],
      'begins within a unit': ['ask', UNIT / 2, UNIT, true],
      'cancels beyond the end': ['cancel', UNITS * UNIT, UNIT],
      'answers what it was not asked': ['given', 1],
      'keeps what it was not asked for': ['kept', 7],
      'says what a source says': ['ready', 0, UNIT],
      'says nonsense': ['raw', '00'],
      'says half a message': ['half-an-ask'],
      'sends a descriptor': ['descriptor'],
    };
    for (const [title, act] of Object.entries(OUT_OF_TURN)) {
      it(`is hung up on when it ${title}`, async () => {
        supplied({ supplier: marked });
        await using honest = await HandClaimer.of(region);
        await using hostile = await HandClaimer.of(region);
        hostile.do(...act);
        const { is } = (await hostile.said()) as { is: string };
        if (is === 'refused by the kernel')
          hostile.do('hang-up'); // descriptors, from Linux 6.16 on
        else expect(is).to.equal('hung-up');
        await hostile.offer.released;
        honest.ask(0);
        await honest.expectReady(0);
      });
    }

    it('may have 1024 units asked for, and no more', async () => {
      const units = 1025;
      const held = new HeldSupplier();
      supplied({ supplier: held.supplier }, units);
      await using claimer = await HandClaimer.of(region);
      claimer.ask(0, units - 1, false);
      claimer.ask(7, 5); // the same ones
      await until('all are asked for', () => region.stats().unitsAsked === units - 1);
      expect(region.stats().claims).to.equal(1);
      claimer.ask(units - 1);
      expect(await claimer.said()).to.deep.equal({ is: 'hung-up' });
    });

    it('is hung up on when it asks without end and reads nothing', async () => {
      supplied({ supplier: marked });
      await using honest = await HandClaimer.of(region);
      await using hostile = await HandClaimer.of(region);
      hostile.ask(0);
      await hostile.expectReady(0);
      hostile.do('stop-reading');
      hostile.do('flood', 0, UNIT, 1_000_000);
      const { error } = await hostile.event<{ error: string | null }>('flooded');
      expect(error).to.be.oneOf(['BrokenPipeError', 'ConnectionResetError']);
      honest.ask(1);
      await honest.expectReady(1);
    });
  });

  describe('ending', () => {
    for (const { how, giveBack } of [
      {
        how: 'throws',
        giveBack: () => {
          throw new Error('on purpose');
        },
      },
      { how: 'rejects', giveBack: () => Promise.reject(new Error('on purpose')) },
    ]) {
      it(`is released although its supplier ${how} when it is to give back what it holds`, () => {
        const supplier: Supplier = Object.assign((want: Want, into: Uint8Array) => marked(want, into), {
          [Symbol.asyncDispose]: giveBack,
        });
        supplied({ supplier });
        region.release();
        expect(region.released).to.be.true;
      });
    }

    it('hangs up on its claimers when it is released, and revokes what it offers', async () => {
      const held = new HeldSupplier();
      const objects = () => [...openDescriptors().values()].filter((target) => target.startsWith('/memfd:')).length;
      const objectsBefore = objects();
      supplied({ supplier: held.supplier });
      expect(objects()).to.equal(objectsBefore + 1);
      const claimer = await HandClaimer.of(region);
      await using stranger = await startHostile('supplied', [process.pid]);
      const other = vmOffer(stranger.pid, region, VMO_GRANT_R);
      claimer.ask(0);
      await held.hasBegun(1);
      region.release();
      region.release();
      expect(await claimer.said()).to.deep.equal({ is: 'hung-up' });
      expect(await other.claimed).to.equal('revoked');
      await until('the fill is aborted', () => held.isAborted(0));
      held.end(0);
      await claimer[Symbol.asyncDispose]();
      await until('its object is closed, though the program holds on to the region', () => objects() === objectsBefore);
      const uses = [
        () => {
          region.fill(0, new Uint8Array(UNIT));
        },
        () => {
          region.evict();
        },
        () => {
          region.retry();
        },
      ];
      for (const use of uses) {
        expect(thrownBy(use, 'ERR_VMO_INVALID_ARGUMENT').message).to.match(/released/);
      }
    });

    it('counts no descriptor twice when claims come and go', async () => {
      supplied({ supplier: marked });
      const before = openDescriptors().size;
      for (let time = 0; time < 3; ++time) {
        await using claimer = await HandClaimer.of(region);
        claimer.ask(time);
        await claimer.said();
      }
      // There may be fewer: what the specs before have released is closed by other threads.
      await until('they are closed', () => openDescriptors().size <= before && region.stats().claims === 0);
    });
  });

  describe('offering', () => {
    it('refuses what supplied memory cannot be', async () => {
      supplied({ supplier: marked });
      await using stranger = await startHostile('supplied', [process.pid]);
      const to = stranger.pid;
      const refused = (offer: () => unknown, code: VmoError['code'], message: RegExp) => {
        expect(thrownBy(offer, code).message).to.match(message);
      };
      refused(() => vmOffer(to, region, VMO_GRANT_R | VMO_GRANT_W), 'ERR_VMO_NOT_PERMITTED', /VMO_GRANT_R alone/);
      refused(() => vmOffer(to, region, VMO_GRANT_R | VMO_DISOWN), 'ERR_VMO_INVALID_ARGUMENT', /goes on supplying/);
      refused(() => vmOffer(to, region.address, UNIT, VMO_GRANT_R), 'ERR_VMO_INVALID_ARGUMENT', /as a whole only/);
      refused(() => vmOffer(process.pid, region, VMO_GRANT_R), 'ERR_VMO_UNSUPPORTED', /wait for itself/);
    });

    it('is listed, cancelled and offered by address as any other memory', async () => {
      supplied({ supplier: marked });
      await using stranger = await startHostile('supplied', [process.pid]);
      const offer = vmOffer(stranger.pid, region.address, region.byteLength, VMO_GRANT_R | VMO_DROP_W) as Offer;
      const [record] = vmListOfferSync().filter(({ address }) => address === region.address);
      expect(record).to.include({ id: offer.id, flags: VMO_GRANT_R | VMO_DROP_W, state: 'pending' });
      expect(offer.cancel()).to.be.true;
    });

    it('refuses a claim that pulls, and the offer stands', async () => {
      supplied({ supplier: marked });
      const child = await startHostile('supplied', [process.pid]);
      const offer = vmOffer(child.pid, region, VMO_GRANT_R);
      child.say(JSON.stringify(['claim', String(region.address), 1]));
      expect(await child.event('refused')).to.include({ code: Code.Unsupported });
      expect(offer.state).to.equal('pending');
      await child[Symbol.asyncDispose]();
      await offer.released;
    });
  });

  it('checks its options', () => {
    const cases: [Partial<SupplyOptions>, RegExp][] = [
      [{ unit: 100_000 }, /unit must be a power of two .* got 100000/],
      [{ unit: 8 << 20 }, /unit must be a power of two/],
      [{ concurrency: 0 }, /concurrency must be an integer from 1 to 64, got 0/],
      [{ timeoutMs: 1 }, /timeoutMs must be at least 10, got 1/],
      [{ budget: UNIT }, /budget must be a number of bytes, at least 2 \* concurrency \* unit/],
      [{ supplier: 7 as unknown as Supplier }, /a supplier must be a function/],
    ];
    for (const [options, message] of cases) {
      const make = () => supply(UNIT, { supplier: marked, ...options });
      expect(thrownBy(make, 'ERR_VMO_INVALID_ARGUMENT').message).to.match(message);
    }
    const make = () => supply(1000, { supplier: marked });
    expect(thrownBy(make, 'ERR_VMO_INVALID_ARGUMENT').message).to.match(/whole number of pages/);
  });
});

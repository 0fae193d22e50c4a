import { expect } from 'chai';
import { vmClaim, type ClaimOptions } from 'vmoffer';
import { until } from '../support/barriers.js';
import { PAGE } from '../support/pages.js';
import { needs, requires } from '../support/requires.js';
import { SupplyStage, UNIT } from '../support/supply-stage.js';
import { rejectionOf } from '../support/vmo-error.js';

const UNITS = 8;
const BYTES = UNITS * UNIT;

describe('a claim of supplied memory that is filled at once', () => {
  const stage = new SupplyStage(BYTES);

  before(function () {
    requires(this, needs.userfault, needs.probe);
  });

  afterEach(() => stage.clear());

  describe('before all is there', () => {
    /** Its first unit comes, and no other. */
    async function begin(how: ClaimOptions) {
      const { source, region, address } = await stage.startSource({ timeoutMs: 600_000 }, { hangsFrom: UNIT });
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

    it('is given up by its signal, whenever that comes', async () => {
      for (const ms of [0, 1, 3, 10, 30, 100]) {
        const controller = new AbortController();
        const { claiming } = await begin({ signal: controller.signal });
        const reason = claiming.catch((error: unknown) => error);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms); // this thread hears of nothing meanwhile
        controller.abort(new Error(`after ${ms} ms`));
        expect(await reason).to.equal(controller.signal.reason);
      }
    });

    it('ends with its source', async () => {
      const { source, claiming, isBegun } = await begin({});
      const refusal = rejectionOf(claiming, 'ERR_VMO_PEER_GONE');
      await until('it is being filled', isBegun);
      source.kill('SIGKILL');
      await refusal;
    });
  });

  describe('by a process without full rights to userfaultfd', () => {
    before(function () {
      requires(this, needs.root);
    });

    it('resolves when all is there, and keeps it', async () => {
      const region = stage.supplied();
      const { reader, claim: handle, paging } = await stage.claim(region, undefined, 'nobody');
      expect(paging).to.equal('eager');
      expect(region.stats()).to.include({ unitsSupplied: UNITS, residentBytes: BYTES });
      expect(await reader.call('writeFrom', handle, BYTES - UNIT, UNIT)).to.equal(UNIT);
      region.evict();
      expect(await reader.call('wrongWord', handle, 0, BYTES)).to.equal(undefined);
      expect(region.stats().unitsEvicted).to.equal(0);
    });

    it('rejects where a unit cannot be brought', async () => {
      await rejectionOf(
        stage.claim(stage.supplied({}, { throwsFrom: 6 * UNIT }), undefined, 'nobody'),
        'ERR_VMO_SUPPLY',
      );
    });

    it('rejects where there is more than 1 GiB', async () => {
      const region = stage.supplied({}, {}, (1 << 30) + PAGE);
      const { message } = await rejectionOf(stage.claim(region, undefined, 'nobody'), 'ERR_VMO_UNSUPPORTED');
      expect(message).to.include('vmoffer doctor');
      expect(region.stats().unitsOrdered).to.equal(0);
    });
  });
});

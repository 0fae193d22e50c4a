import { expect } from 'chai';
import { constants, PerformanceObserver, type PerformanceEntry } from 'node:perf_hooks';
import { allocate, VMO_GRANT_R } from 'vmoffer';
import { collectGarbage } from '../support/garbage.js';
import { claimOwn, touch } from '../support/own-claim.js';

const BALLAST_OBJECTS = 3_000_000;
const CLAIMS = 1000;

const { NODE_PERFORMANCE_GC_MINOR, NODE_PERFORMANCE_GC_FLAGS_FORCED } = constants;

interface Collection {
  kind: number;
  flags: number;
}

/**
 * Counts collections of the whole heap during `action`, and then forces one, so that all before it have been
 * reported. Small collections, of young objects, do not count: every program has them.
 */
function collectionsDuring(action: () => void): Promise<{ forced: number; unforced: number }> {
  return new Promise((resolve) => {
    const counts = { forced: 0, unforced: 0 };
    const observer = new PerformanceObserver((list) => {
      for (const { flags, kind } of list.getEntries().map(detailOf)) {
        if (kind === NODE_PERFORMANCE_GC_MINOR) continue;
        counts[flags & NODE_PERFORMANCE_GC_FLAGS_FORCED ? 'forced' : 'unforced']++;
      }
      if (counts.forced === 0) return;
      observer.disconnect();
      resolve(counts);
    });
    observer.observe({ entryTypes: ['gc'] });
    action();
    collectGarbage();
  });
}

function detailOf(entry: PerformanceEntry): Collection {
  return (entry as PerformanceEntry & { detail: Collection }).detail;
}

describe('the collector', function () {
  this.timeout(60_000);
  let ballast: unknown[] = [];

  before(() => {
    ballast = Array.from({ length: BALLAST_OBJECTS }, (_, index) => ({ index, text: `object ${index}` }));
    collectGarbage();
  });

  after(() => {
    ballast = [];
  });

  it('is seen when it runs', async () => {
    const idle = await collectionsDuring(() => undefined);
    expect(idle).to.deep.equal({ forced: 1, unforced: 0 });
    const busy = await collectionsDuring(() => {
      for (let count = 0; count < 4; count++) ballast.push(new ArrayBuffer(2 ** 28));
    });
    expect(busy.unforced).to.be.at.least(1);
    ballast.length = BALLAST_OBJECTS;
  });

  it(`is not set off by ${CLAIMS} claims of 1 GiB and their buffers`, async () => {
    using source = allocate(2 ** 30);
    touch(source, 0);
    collectGarbage();
    const { unforced } = await collectionsDuring(() => {
      for (let count = 0; count < CLAIMS; count++) {
        using claim = claimOwn(source, VMO_GRANT_R);
        touch(claim, count);
      }
    });
    expect(unforced).to.equal(0);
    expect(ballast.length).to.equal(BALLAST_OBJECTS);
  });

  it('is told once of everything that is freed', () => {
    collectGarbage();
    const before = process.memoryUsage().external;
    for (let count = 0; count < 50; count++) {
      const region = allocate(2 ** 26);
      region.view()[0] = 1;
      region.release();
      region.release();
    }
    collectGarbage();
    expect(Math.abs(process.memoryUsage().external - before)).to.be.lessThan(2 ** 24);
  });
});

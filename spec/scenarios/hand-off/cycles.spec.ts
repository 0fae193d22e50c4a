import { expect } from 'chai';
import { until } from '../../support/barriers.js';
import { startObedient, type Obedient } from '../../support/obedient.js';

/** V8 lets its nursery grow freely, which would hide our leaks. */
const SMALL_NURSERY = { env: { NODE_OPTIONS: '--max-semi-space-size=1' } };
const WARM_UP = 2000;
const CYCLES = 10_000;

describe('10 000 cycles of allocate, offer, disown, claim and release', () => {
  it('leave nothing behind: no descriptor, no mapping, no memory, no handle', async function () {
    this.timeout(120_000);
    await using source = await startObedient(SMALL_NURSERY);
    await using claimer = await startObedient(SMALL_NURSERY);
    const both: Obedient[] = [source, claimer];
    const burdens = () => Promise.all(both.map((each) => each.call('burden')));
    const cycle = (count: number) =>
      Promise.all([source.call('giveAwayOften', claimer.pid, count), claimer.call('takeOften', source.pid, count)]);

    await cycle(WARM_UP);
    const before = await burdens();
    await cycle(CYCLES);
    // The broker closes connections when it has time.
    let after = await burdens();
    await until('descriptors have come to rest', async () => {
      after = await burdens();
      return after.every(({ descriptors }, at) => descriptors <= (before[at]?.descriptors ?? 0));
    });

    for (const [at, name] of ['the source', 'the claimer'].entries()) {
      const [was, is] = [before[at], after[at]];
      if (!was || !is) throw new Error('there are two processes');
      expect(is.resources, `handles of ${name}`).to.be.at.most(was.resources);
      // Node.js makes mappings of its own, but not one in a hundred cycles.
      expect(is.mappings - was.mappings, `mappings of ${name}`).to.be.below(CYCLES / 100);
      expect(is.heapBytes - was.heapBytes, `the heap of ${name}`).to.be.below(CYCLES * 100);
      expect(is.handleBytes - was.handleBytes, `global handles of ${name}`).to.be.below(CYCLES);
      // V8 keeps the blocks of its handles, for as many as ever waited for a collection at once. Allow a sixteenth of the memory.
      expect(is.residentBytes - was.residentBytes, `memory of ${name}`).to.be.below(CYCLES * 1024);
    }
  });
});

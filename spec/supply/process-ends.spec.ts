import { expect } from 'chai';
import { VmoError } from 'vmoffer';
import { until } from '../support/barriers.js';
import type { Checkpoint } from '../support/probe.js';
import { runSeed } from '../support/random.js';
import { needs, requires } from '../support/requires.js';
import { SupplyStage, UNIT } from '../support/supply-stage.js';
import { rejectionOf } from '../support/vmo-error.js';

const BYTES = 16 * UNIT;

const OF_SOURCE = [
  'source.asked',
  'source.terms-sent',
  'source.acknowledged',
  'source.dropping',
  'source.dropped',
] satisfies Checkpoint[];
const OF_CLAIMER = ['claim.ask', 'claim.terms', 'claim.mapped', 'claim.acknowledged'] satisfies Checkpoint[];

describe('supplied memory, where a process is killed', () => {
  const stage = new SupplyStage(BYTES);

  before(function () {
    requires(this, needs.fullUserfault, needs.probe);
  });

  afterEach(() => stage.clear());

  for (const checkpoint of OF_SOURCE) {
    it(`leaves its claimer with an error, and not with zeros: the source, at ${checkpoint}`, async () => {
      const { source, region, address } = await stage.startSource();
      const reader = await stage.start();
      await source.call('offerSupplied', reader.pid, region);
      await source.call('killAt', checkpoint);
      const claimed = await reader.call('claim', source.pid, address).catch((error: unknown) => error);
      expect((await source.ended).signal).to.equal('SIGKILL');
      if (claimed instanceof VmoError) return void expect(claimed.code).to.equal('ERR_VMO_PEER_GONE');
      const { region: claim } = claimed as { region: number };
      await rejectionOf(reader.call('ensure', claim, 0, UNIT), 'ERR_VMO_PEER_GONE');
      await reader.call('release', claim);
    });
  }

  for (const checkpoint of OF_CLAIMER) {
    it(`is the others' all the same: a claimer, at ${checkpoint}`, async () => {
      const { source, region, address } = await stage.startSource();
      const [dead, alive] = [await stage.start(), await stage.start()];
      for (const reader of [dead, alive]) await source.call('offerSupplied', reader.pid, region);
      await dead.call('killAt', checkpoint);
      const claiming = dead.call('claim', source.pid, address).catch(() => undefined);
      expect((await dead.ended).signal).to.equal('SIGKILL');
      await claiming;
      const { region: claim } = await alive.call('claim', source.pid, address);
      expect(await alive.call('wrongWordOfAll', claim, UNIT, runSeed)).to.equal(undefined);
      await until('it is forgotten', async () => (await source.call('supplyStats', region)).claims === 1);
    });
  }

  it('is filled for the others: one of several that wait for the same unit', async () => {
    const { source, region, address } = await stage.startSource({ concurrency: 1 });
    const readers = [await stage.start(), await stage.start(), await stage.start()];
    for (const reader of readers) await source.call('offerSupplied', reader.pid, region);
    const claims = await Promise.all(readers.map((reader) => reader.call('claim', source.pid, address)));
    const reading = readers.map((reader, at) =>
      reader.call('wrongWordOfAll', claims[at]?.region ?? 0, UNIT, runSeed).catch(() => 'killed'),
    );
    readers[0]?.kill('SIGKILL');
    expect((await Promise.all(reading)).slice(1)).to.deep.equal([undefined, undefined]);
    await until('it is forgotten', async () => (await source.call('supplyStats', region)).claims === 2);
  });

  it('is dropped all the same: a claimer that has been asked to give it back', async () => {
    const { source, region, address } = await stage.startSource({ budget: 8 * UNIT, concurrency: 1 });
    const [dead, alive] = [await stage.start(), await stage.start()];
    for (const reader of [dead, alive]) await source.call('offerSupplied', reader.pid, region);
    const { region: held } = await dead.call('claim', source.pid, address);
    await dead.call('ensure', held, 0, 8 * UNIT); // pinned: the claimer refuses, until it ends
    const { region: claim } = await alive.call('claim', source.pid, address);
    dead.kill('SIGKILL');
    await dead.ended;
    for (let turn = 0; turn < 3; turn++) {
      expect(await alive.call('wrongWordOfAll', claim, UNIT, runSeed + turn)).to.equal(undefined);
    }
    const { residentBytes } = await source.call('supplyStats', region);
    expect(residentBytes).to.be.at.most(9 * UNIT);
  });
});

import { expect } from 'chai';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VMO_DROP_W, VMO_GRANT_R, VMO_GRANT_W } from 'vmoffer';
import { until } from '../support/barriers.js';
import { resume, stop } from '../support/stopped.js';
import { rejectionOf } from '../support/vmo-error.js';
import { counter, ended } from './support/programs.js';
import { useScene } from './support/scene.js';

const MIB = 1 << 20;
const UNIT = 256 * 1024;
const BYTES = 8 * MIB;

describe('memory shared with another host', function () {
  this.timeout(60_000);
  const scene = useScene();

  const pair = async () => ({ source: await scene.stage.start('a'), claimer: await scene.stage.start('b') });

  it('arrives in incomingOffers, is claimed, and has every byte', async () => {
    const { source, claimer } = await pair();
    const region = await source.call('make', BYTES);
    const { handle, address } = await source.call('offer', region, 'b', VMO_GRANT_R);
    const offer = await claimer.call('nextOffer');
    expect(offer).to.include({ from: 'a', address, byteLength: BYTES, flags: VMO_GRANT_R, supplied: true });
    const claim = await claimer.call('claim', offer.id);
    expect(await source.call('claimed', handle)).to.equal('claimed');
    expect(await claimer.call('wrongWord', claim, 0, BYTES)).to.equal(undefined);
    await claimer.call('release', claim);
    await source.call('released', handle);
    expect(await source.call('list')).to.deep.equal([]);
  });

  it('is claimed by peer and address, once', async () => {
    const { source, claimer } = await pair();
    const region = await source.call('make', BYTES);
    const { address } = await source.call('offer', region, 'b', VMO_GRANT_R);
    await claimer.call('nextOffer');
    const claim = await claimer.call('claimAt', 'a', address);
    expect(await claimer.call('kindOf', claim)).to.deep.equal({
      supplied: true,
      flags: VMO_GRANT_R,
      byteLength: BYTES,
      srcPid: claimer.agentPid,
    });
    await rejectionOf(claimer.call('claimAt', 'a', address), 'ERR_VMO_NOT_OFFERED');
  });

  it('travels only where it is touched', async () => {
    const { source, claimer } = await pair();
    const region = await source.call('make', BYTES);
    await source.call('offer', region, 'b', VMO_GRANT_R);
    const claim = await claimer.call('claim', (await claimer.call('nextOffer')).id);
    await claimer.call('ensure', claim, 5 * UNIT, 10);
    expect(await claimer.call('wrongWord', claim, 5 * UNIT, UNIT)).to.equal(undefined);
    expect(await counter(claimer, 'bytes_fetched_total')).to.equal(2 * UNIT); // the first unit tells that it is to be had
  });

  it('is claimed in no time where it has 64 GiB', async () => {
    const { source, claimer } = await pair();
    const region = await source.call('make', 64 * 2 ** 30, MIB);
    await source.call('offer', region, 'b', VMO_GRANT_R);
    const { id } = await claimer.call('nextOffer');
    const before = performance.now();
    const claim = await claimer.call('claim', id);
    expect(performance.now() - before).to.be.lessThan(2000);
    expect(await claimer.call('wrongWord', claim, 0, MIB)).to.equal(undefined);
    expect(await claimer.call('read', claim, 63 * 2 ** 30)).to.equal(0);
  });

  it('comes from the agent, not from its source, which may be stopped', async () => {
    const { source, claimer } = await pair();
    const region = await source.call('make', BYTES);
    const { handle } = await source.call('offer', region, 'b', VMO_GRANT_R);
    const claim = await claimer.call('claim', (await claimer.call('nextOffer')).id);
    await source.call('claimed', handle);
    await stop(source);
    expect(await claimer.call('wrongWord', claim, 0, BYTES)).to.equal(undefined);
    resume(source);
  });

  it('is not changed, nor taken, before it is claimed', async () => {
    const { source, claimer } = await pair();
    const region = await source.call('make', BYTES);
    await source.call('offer', region, 'b', VMO_GRANT_R);
    await source.call('write', region, 3 * UNIT, 77);
    const claim = await claimer.call('claim', (await claimer.call('nextOffer')).id);
    expect(await claimer.call('read', claim, 3 * UNIT)).to.equal(77);
  });

  it('is the same for ever where the source has dropped W, each unit with its digest', async () => {
    const { source, claimer } = await pair();
    const region = await source.call('make', BYTES);
    const { handle } = await source.call('offer', region, 'b', VMO_GRANT_R | VMO_DROP_W);
    const claim = await claimer.call('claim', (await claimer.call('nextOffer')).id);
    await source.call('claimed', handle);
    await source.call('write', region, 3 * UNIT, 77);
    expect(await claimer.call('wrongWord', claim, 0, BYTES)).to.equal(undefined);
    expect(await counter(claimer, 'bytes_fetched_total')).to.equal(BYTES + 32 * (BYTES / UNIT));
  });

  it('passes on memory that is supplied itself', async () => {
    const { source, claimer } = await pair();
    const region = await source.call('makeSupplied', BYTES);
    await source.call('offer', region, 'b', VMO_GRANT_R);
    const claim = await claimer.call('claim', (await claimer.call('nextOffer')).id);
    await claimer.call('ensure', claim, 0, BYTES);
    expect(await claimer.call('wrongWord', claim, 0, BYTES)).to.equal(undefined);
  });

  it('is fetched once for all claims of it on a host', async () => {
    const { source, claimer } = await pair();
    const region = await source.call('make', BYTES);
    for (let at = 0; at < 4; at++) await source.call('offer', region, 'b', VMO_GRANT_R);
    const claims: number[] = [];
    for (let at = 0; at < 4; at++) {
      claims.push(await claimer.call('claim', (await claimer.call('nextOffer')).id));
    }
    for (const claim of claims) {
      await claimer.call('ensure', claim, 0, BYTES);
      expect(await claimer.call('wrongWord', claim, 0, BYTES)).to.equal(undefined);
    }
    expect(await counter(claimer, 'bytes_fetched_total')).to.equal(BYTES);
    for (const claim of claims) await claimer.call('release', claim);
    await until('the source is told', async () => (await source.call('list')).length === 0);
  });

  it('outlives its source where it is durable', async () => {
    const source = await scene.stage.start('a');
    const region = await source.call('make', BYTES);
    await source.call('offer', region, 'b', VMO_GRANT_R | VMO_DROP_W, true);
    await source[Symbol.asyncDispose]();
    const claimer = await scene.stage.start('b');
    const claim = await claimer.call('claim', (await claimer.call('nextOffer')).id);
    await claimer.call('ensure', claim, 0, BYTES);
    expect(await claimer.call('wrongWord', claim, 0, BYTES)).to.equal(undefined);
  });

  it('is cancelled before it is claimed, and not after', async () => {
    const { source, claimer } = await pair();
    const region = await source.call('make', BYTES);
    const first = await source.call('offer', region, 'b', VMO_GRANT_R);
    const offer = await claimer.call('nextOffer');
    expect(await source.call('cancel', first.handle)).to.equal(true);
    expect(await source.call('claimed', first.handle)).to.equal('cancelled');
    await rejectionOf(claimer.call('claim', offer.id), 'ERR_VMO_NOT_OFFERED');
    const second = await source.call('offer', region, 'b', VMO_GRANT_R);
    await claimer.call('claim', (await claimer.call('nextOffer')).id);
    await rejectionOf(source.call('cancel', second.handle), 'ERR_VMO_TOO_LATE');
  });

  it('comes without the agent collecting all its garbage again and again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vmoffer-collections-'));
    const file = join(folder, 'collections');
    const source = await scene.stage.start('a');
    const claimer = await scene.stage.start('b', { allow: countingCollections(file) });
    const bytes = 128 * MIB;
    await source.call('offer', await source.call('make', bytes), 'b', VMO_GRANT_R);
    const claim = await claimer.call('claim', (await claimer.call('nextOffer')).id);
    await claimer.call('ensure', claim, 0, bytes);
    const collections = collectionsIn(file);
    rmSync(folder, { recursive: true });
    expect(collections).to.be.lessThan(bytes / (8 * MIB));
  });

  it('is refused where both hosts would write', async () => {
    const { source } = await pair();
    const region = await source.call('make', BYTES);
    await rejectionOf(source.call('offer', region, 'b', VMO_GRANT_R | VMO_GRANT_W), 'ERR_VMO_UNSUPPORTED');
  });

  it('is offered to those alone whom the agent allows, and claimed from those alone', async () => {
    const source = await scene.stage.start('a', { allow: ['b'] });
    const claimer = await scene.stage.start('b', { allow: ['a'] });
    const stranger = await scene.stage.start('c');
    const region = await source.call('make', BYTES);
    await rejectionOf(source.call('offer', region, 'c', VMO_GRANT_R), 'ERR_VMO_NOT_PERMITTED');
    const own = await stranger.call('make', BYTES);
    await stranger.call('offer', own, 'b', VMO_GRANT_R);
    await source.call('offer', region, 'b', VMO_GRANT_R);
    expect((await claimer.call('nextOffer')).from).to.equal('a');
    expect(await counter(claimer, 'offers_refused_total')).to.equal(1);
  });

  it('is claimed from nobody where the module that says who may has an error', async () => {
    const source = await scene.stage.start('a');
    const claimer = await scene.stage.start('b', {
      allow: 'data:text/javascript,export default () => { throw new Error() }',
    });
    const region = await source.call('make', BYTES);
    await source.call('offer', region, 'b', VMO_GRANT_R);
    await until('the offer is refused', async () => (await counter(claimer, 'offers_refused_total')) === 1);
    expect(await claimer.call('list')).to.deep.equal([]);
  });

  it('waits for nobody where that module does not answer for another', async () => {
    const [source, slow] = [await scene.stage.start('a'), await scene.stage.start('c')];
    const claimer = await scene.stage.start('b', {
      allow: `data:text/javascript,export default (peer) => peer === 'a' || new Promise(() => {})`,
    });
    await slow.call('offer', await slow.call('make', BYTES), 'b', VMO_GRANT_R);
    await source.call('offer', await source.call('make', BYTES), 'b', VMO_GRANT_R);
    expect((await claimer.call('nextOffer')).from).to.equal('a');
    expect(await counter(claimer, 'offers_refused_total')).to.equal(0);
    await until('no answer is no', async () => (await counter(claimer, 'offers_refused_total')) === 1);
  });

  it('leaves no agent behind where that module has a timer', async () => {
    const allow = 'data:text/javascript,setInterval(() => undefined, 1000); export default () => true';
    const first = await scene.stage.start('a', { allow });
    await rejectionOf(scene.stage.start('a', { allow }), 'ERR_VMO_BUSY');
    await first.call('leave');
    await ended(first.agentPid);
  });

  it('is offered a thousand times at once, and every offer is claimed', async () => {
    const { source, claimer } = await pair();
    const region = await source.call('make', UNIT);
    const count = 1000;
    await Promise.all(Array.from({ length: count }, () => source.call('offer', region, 'b', VMO_GRANT_R)));
    expect(await source.call('list')).to.have.length(count);
    for (let at = 0; at < count; at++) {
      const claim = await claimer.call('claim', (await claimer.call('nextOffer')).id);
      await claimer.call('release', claim);
    }
    await until('all have ended', async () => (await source.call('list')).length === 0);
  });

  it('is refused to a second agent of one name', async () => {
    await scene.stage.start('a');
    await rejectionOf(scene.stage.start('a'), 'ERR_VMO_BUSY');
  });
});

/** The address of a module that allows all offers, and writes a line into the file for each collection of the whole heap of its process. */
function countingCollections(file: string): string {
  const text = `
    import { appendFileSync, writeFileSync } from 'node:fs';
    import { constants, PerformanceObserver } from 'node:perf_hooks';
    const isWhole = ({ detail }) => detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries().filter(isWhole)) appendFileSync(${JSON.stringify(file)}, entry.duration + '\\n');
    });
    writeFileSync(${JSON.stringify(file)}, '');
    observer.observe({ entryTypes: ['gc'] });
    export default () => true;`;
  return `data:text/javascript,${encodeURIComponent(text)}`;
}

function collectionsIn(file: string): number {
  return readFileSync(file, 'utf8').split('\n').length - 1;
}

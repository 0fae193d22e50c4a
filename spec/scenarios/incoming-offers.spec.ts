import { expect } from 'chai';
import { OfferWatch } from '#ts/offer-watch.js';
import { allocate, incomingOffers, vmOffer, VMO_GRANT_R, type IncomingOffer } from 'vmoffer';
import { until } from '../support/barriers.js';
import { startHostile } from '../support/child.js';
import { enoughDescriptors } from '../support/limits.js';
import { startObedient, type Obedient } from '../support/obedient.js';
import { expectPages, PAGE } from '../support/pages.js';
import { needs, requires } from '../support/requires.js';
import { resume, stop } from '../support/stopped.js';
import { restlessThreads } from '../support/threads.js';

const SEED = 91;

interface Incoming {
  id: number;
  srcPid: number;
  address: bigint;
  byteLength: number;
  flags: number;
}

let controller: AbortController;

/** The first `count` offers from a process. */
async function firstFrom(from: number, count: number): Promise<IncomingOffer[]> {
  const offers: IncomingOffer[] = [];
  for await (const offer of incomingOffers({ from, signal: controller.signal })) {
    offers.push(offer);
    if (offers.length === count) break;
  }
  return offers;
}

describe('incomingOffers', () => {
  let peer: Obedient;
  beforeEach(async () => {
    controller = new AbortController();
    peer = await startObedient();
  });
  afterEach(async () => {
    controller.abort(); // ends the waits of a failed spec
    await peer[Symbol.asyncDispose]();
  });

  async function offerFromPeer() {
    const { region } = await peer.call('allocate', 2, SEED);
    return peer.call('offer', process.pid, region, VMO_GRANT_R);
  }

  it('tells offers that stood before it began', async () => {
    const { id, address } = await offerFromPeer();
    const [offer] = await firstFrom(peer.pid, 1);
    expect(offer).to.include({ id, srcPid: peer.pid, address, byteLength: 2 * PAGE, flags: VMO_GRANT_R });
  });

  it('tells later offers of a source that exists already', async () => {
    await peer.call('list'); // its broker listens now
    const pending = firstFrom(peer.pid, 1);
    const { address } = await offerFromPeer();
    expect((await pending)[0]).to.include({ srcPid: peer.pid, address });
  });

  it('tells offers of a source that starts later', async () => {
    const offers = incomingOffers()[Symbol.asyncIterator]();
    const next = offers.next();
    await using late = await startObedient();
    const { region } = await late.call('allocate', 1);
    const { address } = await late.call('offer', process.pid, region, VMO_GRANT_R);
    expect((await next).value).to.include({ srcPid: late.pid, address });
    await offers.return?.();
  });

  it('keeps the offers of some sources in order while those of others are taken', async () => {
    await using other = await startObedient();
    const first = await offerFromPeer();
    const second = await offerFromPeer();
    const { region } = await other.call('allocate', 1);
    const fromOther = await other.call('offer', process.pid, region, VMO_GRANT_R);
    const events = { onAvailable: () => undefined, onAbort: () => undefined };
    const watch = new OfferWatch({ kind: 'memory', from: undefined }, undefined, events);
    try {
      const nextButFrom = async (exceptFrom: number[]) => {
        let address: bigint | undefined;
        await until('there is another one', () => (address = watch.take(exceptFrom)?.address) !== undefined);
        return address;
      };
      expect(await nextButFrom([peer.pid])).to.equal(fromOther.address);
      expect(await nextButFrom([other.pid])).to.equal(first.address);
      expect(await nextButFrom([])).to.equal(second.address);
    } finally {
      watch.stop();
    }
  });

  it('yields offers that can be claimed', async () => {
    await offerFromPeer();
    const [offer] = await firstFrom(peer.pid, 1);
    using claim = (await offer?.claim()) ?? expect.fail('there is no offer');
    expect(claim.srcPid).to.equal(peer.pid);
    expectPages(claim.view(), SEED);
  });

  it('passes options on to the claim', async () => {
    await offerFromPeer();
    const [offer] = await firstFrom(peer.pid, 1);
    using claim = (await offer?.claim({ paging: 'eager' })) ?? expect.fail('there is no offer');
    expect(claim.paging).to.equal('eager');
  });

  it('tells each offer once, and loses none that is made while the iteration starts', async () => {
    for (let round = 0; round < 8; round++) {
      await using source = await startObedient();
      const before = await source.call('offerMany', process.pid, 150, VMO_GRANT_R);
      const pending = firstFrom(source.pid, 300);
      const after = await source.call('offerMany', process.pid, 150, VMO_GRANT_R);
      expect((await pending).map(({ address }) => address)).to.have.members([...before, ...after]);
    }
  });

  it('tells the offers of one source in the order in which they were made', async () => {
    const pending = firstFrom(peer.pid, 300);
    const addresses = await peer.call('offerMany', process.pid, 300, VMO_GRANT_R);
    expect((await pending).map(({ address }) => address)).to.deep.equal(addresses);
  });

  it('tells ten thousand offers, each once', async function () {
    this.timeout(120_000);
    requires(this, enoughDescriptors(11_000));
    const pending = firstFrom(peer.pid, 10_000);
    const addresses = await peer.call('offerMany', process.pid, 10_000, VMO_GRANT_R);
    expect((await pending).map(({ address }) => address)).to.deep.equal(addresses);
  });

  it('keeps offers that come while its user is busy', async () => {
    const offers = incomingOffers({ from: peer.pid })[Symbol.asyncIterator]();
    const first = offers.next();
    const addresses = await peer.call('offerMany', process.pid, 3, VMO_GRANT_R);
    await first;
    const rest = [await offers.next(), await offers.next()];
    const told = [await first, ...rest].map(({ value }) => (value as IncomingOffer).address);
    expect(told).to.deep.equal(addresses);
    await offers.return?.();
  });

  it('tells only of one process if it is asked to', async () => {
    await using other = await startObedient();
    const pending = firstFrom(other.pid, 1);
    await offerFromPeer();
    const { region } = await other.call('allocate', 1);
    const { address } = await other.call('offer', process.pid, region, VMO_GRANT_R);
    expect((await pending).map((offer) => offer.address)).to.deep.equal([address]);
  });

  it('tells each of several watchers everything', async () => {
    await offerFromPeer();
    const watchers = [firstFrom(peer.pid, 2), firstFrom(peer.pid, 2), firstFrom(peer.pid, 2)];
    await offerFromPeer();
    const told = (await Promise.all(watchers)).map((offers) => offers.map(({ id }) => id));
    expect(told[0]).to.have.lengthOf(2);
    expect(told[1]).to.deep.equal(told[0]);
    expect(told[2]).to.deep.equal(told[0]);
  });

  it('does not tell offers to another process', async () => {
    await using third = await startObedient();
    const pending = firstFrom(peer.pid, 1);
    const { region } = await peer.call('allocate', 1);
    await peer.call('offer', third.pid, region, VMO_GRANT_R);
    const mine = await offerFromPeer();
    expect((await pending).map(({ id }) => id)).to.deep.equal([mine.id]);
  });

  for (const order of ['before', 'after'] as const) {
    it(`wakes in another process, which has begun to watch ${order} the offer was made`, async () => {
      using region = allocate(PAGE);
      if (order === 'before') await peer.call('watch', process.pid);
      const { id, address } = vmOffer(peer.pid, region, VMO_GRANT_R);
      if (order === 'after') await peer.call('watch', process.pid);
      expect(await peer.event<Incoming>('incoming')).to.deep.equal({
        id,
        srcPid: process.pid,
        address,
        byteLength: PAGE,
        flags: VMO_GRANT_R,
      });
    });
  }

  it('sleeps until something happens, without polling', async function () {
    requires(this, needs.systemCallsInSight);
    await peer.call('watch', process.pid);
    await peer.call('list');
    await until('the broker sleeps for ever', () => !restlessThreads(peer.pid).includes('vmo-broker'));
    expect(await peer.call('activeResources')).to.not.include('Timeout');
    using region = allocate(PAGE);
    const { address } = vmOffer(peer.pid, region, VMO_GRANT_R);
    expect(await peer.event<Incoming>('incoming')).to.include({ address });
    await until('it sleeps again', () => !restlessThreads(peer.pid).includes('vmo-broker'));
  });

  it('tells offers of a process to itself', async () => {
    using region = allocate(PAGE);
    const pending = firstFrom(process.pid, 1);
    const offer = vmOffer(process.pid, region, VMO_GRANT_R);
    expect((await pending)[0]?.id).to.equal(offer.id);
    offer.cancel();
  });

  it('goes on when one of the sources ends', async () => {
    const offers = incomingOffers()[Symbol.asyncIterator]();
    {
      await using brief = await startObedient();
      const { region } = await brief.call('allocate', 1);
      await brief.call('offer', process.pid, region, VMO_GRANT_R);
      expect((await offers.next()).value).to.include({ srcPid: brief.pid });
    }
    const { address } = await offerFromPeer();
    expect((await offers.next()).value).to.include({ srcPid: peer.pid, address });
    await offers.return?.();
  });

  it('is not held up by a stopped process, and hears from it when it continues', async () => {
    await using stopped = await startObedient();
    const { region } = await stopped.call('allocate', 1);
    const late = await stopped.call('offer', process.pid, region, VMO_GRANT_R);
    await stop(stopped);
    const fromPeer = firstFrom(peer.pid, 1);
    const fromStopped = firstFrom(stopped.pid, 1);
    const { address } = await offerFromPeer();
    expect((await fromPeer)[0]?.address).to.equal(address);
    resume(stopped);
    expect((await fromStopped)[0]?.address).to.equal(late.address);
  });

  it('goes on beside a rogue that tells for ever', async () => {
    await using rogue = await startHostile('rogue_source', ['floods']);
    const { address } = await offerFromPeer();
    expect((await firstFrom(peer.pid, 1))[0]?.address).to.equal(address);
    expect(rogue.pid).to.be.above(0);
  });

  it('names the process that made the offer, whatever that claims', async () => {
    await using rogue = await startHostile('rogue_claimer', [process.pid]);
    const pending = firstFrom(rogue.pid, 1);
    rogue.say('announces-what-it-has-not 0');
    expect((await pending)[0]).to.include({ srcPid: rogue.pid, address: 0x10000000n });
  });

  describe('ends', () => {
    it('with the reason of its signal', async () => {
      const offers = incomingOffers({ signal: controller.signal })[Symbol.asyncIterator]();
      const next = offers.next();
      const reason = new Error('enough');
      controller.abort(reason);
      expect(await next.catch((error: unknown) => error)).to.equal(reason);
      expect(await offers.next()).to.deep.equal({ value: undefined, done: true });
    });

    it('at once if its signal is aborted already', async () => {
      const reason = new Error('never');
      const offers = incomingOffers({ signal: AbortSignal.abort(reason) })[Symbol.asyncIterator]();
      expect(await offers.next().catch((error: unknown) => error)).to.equal(reason);
    });

    it('by break, and another iteration starts anew', async () => {
      const { id } = await offerFromPeer();
      expect((await firstFrom(peer.pid, 1))[0]?.id).to.equal(id);
      expect((await firstFrom(peer.pid, 1))[0]?.id).to.equal(id);
    });
  });
});

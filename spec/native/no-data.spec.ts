import { expect } from 'chai';
import { inspect } from 'node:util';
import { serialize } from 'node:v8';
import { BroadcastChannel, MessageChannel, Worker } from 'node:worker_threads';
import {
  allocate,
  Channel,
  incomingOffers,
  vmOffer,
  VmoError,
  VMO_GRANT_R,
  type Claim,
  type Offer,
  type Region,
} from 'vmoffer';
import { PAGE } from '../support/pages.js';
import { claimOwn } from '../support/own-claim.js';

type Ways = Record<string, (value: unknown) => unknown>;

const CLONES: Ways = {
  'structuredClone()': (value) => structuredClone(value),
  'a message port': (value) => {
    const { port1 } = new MessageChannel();
    try {
      port1.postMessage(value);
    } finally {
      port1.close();
    }
  },
  'a broadcast': (value) => {
    const channel = new BroadcastChannel('no data');
    try {
      channel.postMessage(value);
    } finally {
      channel.close();
    }
  },
  'the data of a worker': (value) => new Worker('', { eval: true, workerData: value }),
  'v8.serialize(), and so the advanced messages of child processes': serialize,
};

const WRAPPINGS: Ways = {
  'by itself': (value) => value,
  'in an array': (value) => [value],
  'in an object': (value) => ({ value }),
  'in a map': (value) => new Map([['value', value]]),
};

describe('an object that stands for memory', () => {
  let region: Region;
  let claim: Claim;
  let offer: Offer;
  let channels: Channel[];
  let things: Record<string, object>;
  before(async () => {
    region = allocate(4 * PAGE);
    const [opened, accepted] = await Promise.all([
      Channel.open(process.pid, { slotBytes: 64 }),
      Channel.accept(process.pid),
    ]);
    channels = [opened, accepted];
    await opened.send(Buffer.from('small'));
    const message = accepted.receive();
    await accepted.send(Buffer.alloc(1000));
    await opened.readable();
    const enclosed = opened.receive();
    claim = claimOwn(region, VMO_GRANT_R);
    offer = vmOffer(process.pid, region, VMO_GRANT_R);
    things = {
      region,
      range: region.range(0, PAGE),
      claim,
      offer,
      channel: opened,
      message: message ?? {},
      'message that did not fit': enclosed ?? {},
    };
  });
  after(async () => {
    offer.cancel();
    claim.release();
    region.release();
    await Promise.all(channels.map((channel) => channel.close()));
  });

  for (const [way, clone] of Object.entries(CLONES)) {
    it(`is not cloned by ${way}`, () => {
      for (const [name, thing] of Object.entries(things)) {
        for (const [where, wrap] of Object.entries(WRAPPINGS)) {
          expect(() => clone(wrap(thing)), `${name} ${where}`).to.throw(/offer the memory to a process/);
        }
      }
    });
  }

  it('describes itself in JSON, and when it is printed', () => {
    const address = `0x${region.address.toString(16)}`;
    const SAID: Record<string, object> = {
      region: { address, byteLength: 4 * PAGE, pages: 'ordinary' },
      range: { address, byteOffset: 0, byteLength: PAGE },
      claim: { byteLength: 4 * PAGE, srcPid: process.pid, immutable: false, writes: 'private' },
      offer: { destPid: process.pid, address, byteLength: 4 * PAGE, flags: 'VMO_GRANT_R', state: 'pending' },
      channel: { peerPid: process.pid, slotBytes: 64, ended: false },
      message: { byteLength: 5, isRegion: false },
      'message that did not fit': { byteLength: 1000, isRegion: false },
    };
    for (const [name, thing] of Object.entries(things)) {
      const { said } = JSON.parse(JSON.stringify({ said: thing })) as { said: object };
      expect(said, name).to.include(SAID[name]);
    }
    for (const name of ['region', 'range', 'claim', 'offer', 'channel']) {
      expect(inspect(things[name])).to.include(String(Object.keys(SAID[name] ?? {})[0]));
      expect(inspect(things[name])).not.to.include('cannotBeCloned');
    }
  });

  it('says in JSON which pages are resident', () => {
    using source = allocate(4 * PAGE);
    using resident = claimOwn(source, VMO_GRANT_R, { paging: 'eager' });
    expect(JSON.parse(JSON.stringify(resident.residency()))).to.deep.equal({
      pageSize: PAGE,
      pageCount: 4,
      residentPages: 4,
      ranges: [{ firstPage: 0, pageCount: 4 }],
    });
  });

  it('is described by an incoming offer, and a clone of that says as much', async () => {
    const made = vmOffer(process.pid, region.range(PAGE, PAGE), VMO_GRANT_R);
    for await (const incoming of incomingOffers({ from: process.pid })) {
      if (incoming.id !== made.id) continue;
      const { address, byteLength } = structuredClone(incoming);
      expect({ address, byteLength }).to.deep.equal({ address: made.address, byteLength: PAGE });
      expect(JSON.parse(JSON.stringify(incoming))).to.deep.equal({
        id: made.id,
        srcPid: process.pid,
        address: `0x${address.toString(16)}`,
        byteLength,
        flags: 'VMO_GRANT_R',
      });
      break;
    }
    made.cancel();
  });

  it('has errors that convert to JSON, too', () => {
    const error = new VmoError('ERR_VMO_NO_MEMORY', 'no more', { errno: 'ENOMEM', address: 4096n });
    expect(JSON.parse(JSON.stringify({ error }))).to.deep.equal({
      error: { name: 'VmoError', code: 'ERR_VMO_NO_MEMORY', message: 'no more', errno: 'ENOMEM', address: '0x1000' },
    });
  });

  it('cannot be waited on: Atomics.wait() takes only shared buffers, and says so', () => {
    expect(() => Atomics.wait(new Int32Array(region.buffer), 0, 0)).to.throw(TypeError, /shared/);
  });
});

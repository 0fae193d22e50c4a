import { expect } from 'chai';
import {
  allocate,
  Channel,
  incomingOffers,
  vmClaim,
  vmListOfferSync,
  VMO_DISOWN,
  VMO_GRANT_R,
  VMO_GRANT_W,
  vmOffer,
} from 'vmoffer';
import { openBothEnds, openTo, fillUp } from '../../support/channels.js';
import { objectMappings } from '../../support/mappings.js';
import { expectNumbered, lengthOf, numbered } from '../../support/numbered.js';
import { startObedient } from '../../support/obedient.js';
import { expectPages, fillPages, PAGE } from '../../support/pages.js';
import { describeForUsers } from '../../support/users.js';
import { rejectionOf, thrownBy } from '../../support/vmo-error.js';
import { until } from '../../support/barriers.js';

const SEED = 501;
const MOVE = VMO_DISOWN | VMO_GRANT_R | VMO_GRANT_W;

describeForUsers('a channel between two processes', (user) => {
  it('carries messages of every size in both directions, whole and in order', async () => {
    await using peer = await startObedient({ user });
    const { channel, theirs } = await openTo(peer, { slots: 8, slotBytes: 200 });
    const sent = peer.call('sendNumbered', theirs, 0, 2000);
    const received = peer.call('receiveNumbered', theirs, 0, 2000);
    const mine = (async () => {
      for (let number = 0; number < 2000; number++) await channel.send(numbered(number, lengthOf(number, 200)));
    })();
    let number = 0;
    for await (const { bytes } of channel) {
      expectNumbered(bytes, number, lengthOf(number, 200));
      if (++number === 2000) break;
    }
    await Promise.all([sent, received, mine]);
    await channel.close();
  });

  it('can be opened by either side, whichever comes first', async () => {
    await using peer = await startObedient({ user });
    const waiting = peer.call('acceptChannel', process.pid);
    await peer.call('ownPid');
    const first = await Channel.open(peer.pid);
    await first.send(Buffer.from('one'));
    const opening = peer.call('openChannel', process.pid);
    const second = await Channel.accept(peer.pid);
    await peer.call('sendText', await opening, 'two');
    expect(await second.readable()).to.be.true;
    expect(Buffer.from(second.receive()?.bytes ?? []).toString()).to.equal('two');
    expect([first.peerPid, second.peerPid]).to.deep.equal([peer.pid, peer.pid]);
    await first.close();
    expect(await peer.call('receiveTexts', await waiting)).to.deep.equal(['one']);
    await second.close();
  });

  it('moves memory from one to the other', async () => {
    await using peer = await startObedient({ user });
    const { channel, theirs } = await openTo(peer);
    const { region } = await peer.call('sendPages', theirs, 600, SEED, MOVE);
    await channel.readable();
    using claim = channel.receive()?.region;
    expectPages(claim?.view() ?? new Uint8Array(), SEED);
    await until('it has left its source', () => peer.call('disowned', region));
    await channel.close();
  });
});

describe('sending', () => {
  it('returns true if the message is in the ring, and false if there is no room and the options say so', async () => {
    await using ends = await openBothEnds({ slots: 4, whenFull: 'fail' });
    expect(fillUp(ends.opened)).to.equal(4);
    expect(ends.opened.send(Buffer.alloc(5000))).to.be.false;
    expect(ends.opened.reserve(1)).to.equal(undefined);
    expect(ends.accepted.receive()?.bytes).to.deep.equal(Uint8Array.of(0));
    expect(ends.opened.send(Uint8Array.of(9))).to.be.false;
    ends.accepted.receive();
    await ends.opened.writable();
    expect(ends.opened.send(Uint8Array.of(9))).to.be.true;
  });

  it('copies the bytes at once, and waits for room if the options say so', async () => {
    await using ends = await openBothEnds({ slots: 2 });
    const bytes = Uint8Array.of(1);
    const results = [1, 2, 3, 4].map((byte) => {
      bytes[0] = byte;
      return ends.opened.send(bytes);
    });
    expect(results.slice(0, 2)).to.deep.equal([true, true]);
    const received: number[] = [];
    for await (const message of ends.accepted) {
      received.push(message.bytes[0] ?? 0);
      if (received.length === 4) break;
    }
    expect(received).to.deep.equal([1, 2, 3, 4]);
    for (const result of results) expect(await result).to.be.true;
  });

  it('lets as many messages wait as there are slots, and no more', async () => {
    await using ends = await openBothEnds({ slots: 2 });
    const waiting = [0, 1, 2, 3].map((byte) => ends.opened.send(Uint8Array.of(byte)));
    thrownBy(() => ends.opened.send(Uint8Array.of(4)), 'ERR_VMO_TOO_MANY');
    expect(ends.opened.reserve(1), 'a reservation before its turn').to.equal(undefined);
    for (let count = 0; count < 4; count++) {
      await ends.accepted.readable();
      ends.accepted.receive();
    }
    for (const sent of waiting) expect(await sent).to.be.true;
  });

  it('many at once fills the ring, and returns how many fitted', async () => {
    await using failing = await openBothEnds({ slots: 3, whenFull: 'fail' });
    const messages = [0, 1, 2, 3, 4].map((number) => numbered(number, 20));
    expect(failing.opened.sendMany(messages)).to.equal(3);
    expect(failing.opened.sendMany([])).to.equal(0);
    await using waiting = await openBothEnds({ slots: 3 });
    const sent = waiting.opened.sendMany(messages);
    let number = 0;
    for await (const { bytes } of waiting.accepted) {
      expectNumbered(bytes, number, 20);
      if (++number === 5) break;
    }
    expect(await sent).to.equal(5);
  });

  it('takes any view of bytes, and nothing else', async () => {
    await using ends = await openBothEnds();
    await ends.opened.send(new Float64Array([1.5]).subarray(0));
    await ends.opened.send(new DataView(new ArrayBuffer(10), 2, 3));
    expect(
      new DataView(ends.accepted.receive()?.bytes.slice().buffer ?? new ArrayBuffer(8)).getFloat64(0, true),
    ).to.equal(1.5);
    expect(ends.accepted.receive()?.bytes).to.have.lengthOf(3);
    for (const wrong of ['text', 5, null, undefined, [1], {}, new ArrayBuffer(1), allocate(PAGE)]) {
      thrownBy(() => ends.opened.send(wrong as never), 'ERR_VMO_INVALID_ARGUMENT');
    }
    thrownBy(() => ends.opened.send(allocate(PAGE), 0), 'ERR_VMO_INVALID_ARGUMENT');
    thrownBy(() => ends.opened.send(allocate(PAGE), 64 | VMO_GRANT_R), 'ERR_VMO_INVALID_ARGUMENT');
  });
});

describe('a reservation', () => {
  it('is written in the ring itself, and sent when it is committed', async () => {
    await using ends = await openBothEnds();
    const place = ends.opened.reserve(100);
    place?.fill(7);
    expect(ends.accepted.receive(), 'before it is committed').to.equal(undefined);
    ends.opened.commit();
    expect(ends.accepted.receive()?.bytes).to.deep.equal(new Uint8Array(100).fill(7));
  });

  it('may be sent shorter than it is', async () => {
    await using ends = await openBothEnds();
    ends.opened.reserve(100)?.fill(7);
    thrownBy(() => {
      ends.opened.commit(101);
    }, 'ERR_VMO_INVALID_ARGUMENT');
    ends.opened.commit(3);
    expect(ends.accepted.receive()?.bytes).to.deep.equal(new Uint8Array(3).fill(7));
  });

  it('is given up by the next one, or if anything else is sent first', async () => {
    await using ends = await openBothEnds();
    ends.opened.reserve(10)?.fill(1);
    ends.opened.reserve(20)?.fill(2);
    await ends.opened.send(Uint8Array.of(3));
    thrownBy(() => {
      ends.opened.commit();
    }, 'ERR_VMO_INVALID_ARGUMENT');
    expect(ends.accepted.receive()?.bytes).to.deep.equal(Uint8Array.of(3));
    expect(ends.accepted.receive()).to.equal(undefined);
  });

  it('has from 0 bytes to as many as a slot', async () => {
    await using ends = await openBothEnds({ slotBytes: 56 });
    for (const length of [0, 56]) {
      expect(ends.opened.reserve(length)).to.have.lengthOf(length);
      ends.opened.commit();
      expect(ends.accepted.receive()?.bytes).to.have.lengthOf(length);
    }
    for (const wrong of [-1, 57, 1.5, undefined]) {
      thrownBy(() => ends.opened.reserve(wrong as never), 'ERR_VMO_INVALID_ARGUMENT');
    }
  });
});

describe('a message', () => {
  it('is in the ring, at a multiple of 8, and gives its slot back once', async () => {
    await using ends = await openBothEnds({ slots: 2, whenFull: 'fail' });
    expect(fillUp(ends.opened)).to.equal(2);
    const first = ends.accepted.receive();
    expect(first?.region).to.equal(undefined);
    expect((first?.bytes.byteOffset ?? 1) % 8).to.equal(0);
    first?.release();
    first?.release();
    expect(fillUp(ends.opened)).to.equal(1);
    expect(ends.accepted.receive()?.bytes).to.deep.equal(Uint8Array.of(1));
    first?.release();
    expect(fillUp(ends.opened), 'a release of a message that is over').to.equal(0);
  });

  it('longer than a slot has memory of its own, until it is released', async () => {
    await using ends = await openBothEnds({ slotBytes: 56 });
    const before = objectMappings().length;
    await ends.opened.send(numbered(1, 100_000));
    await ends.accepted.readable();
    const message = ends.accepted.receive();
    expectNumbered(message?.bytes ?? new Uint8Array(), 1, 100_000);
    expect(message?.region).to.equal(undefined);
    message?.release();
    await until('its memory is gone', () => objectMappings().length === before);
  });

  it('that is a region belongs to its receiver once that has taken it', async () => {
    await using ends = await openBothEnds();
    const region = allocate(4 * PAGE);
    fillPages(region.view(), SEED);
    await ends.opened.send(region, MOVE);
    await ends.opened.send(allocate(PAGE), MOVE);
    await ends.accepted.readable();
    const message = ends.accepted.receive();
    const claim = message?.region;
    expect(message?.bytes).to.have.lengthOf(4 * PAGE);
    message?.release();
    expectPages(claim?.view() ?? new Uint8Array(), SEED);
    expect(claim?.flags).to.equal(MOVE);
    await ends.accepted.readable();
    const notTaken = ends.accepted.receive();
    const { bytes } = notTaken ?? {};
    notTaken?.release();
    expect(bytes).to.have.lengthOf(0);
    expect(claim?.released).to.be.false;
    claim?.release();
  });

  it('that cannot be claimed is an error by itself, and later ones arrive', async () => {
    await using ends = await openBothEnds();
    using region = allocate(2 * PAGE);
    const blocker = vmOffer(process.pid, region.range(0, PAGE), VMO_GRANT_R);
    using share = await vmClaim(process.pid, region.address);
    await blocker.claimed;
    await ends.opened.send(region.range(0, PAGE), MOVE);
    await ends.opened.send(Uint8Array.of(5));
    await ends.accepted.readable();
    const failed = ends.accepted.receive();
    thrownBy(() => failed?.bytes, 'ERR_VMO_BUSY');
    thrownBy(() => failed?.region, 'ERR_VMO_BUSY');
    expect(ends.accepted.receive()?.bytes).to.deep.equal(Uint8Array.of(5));
    expect(share.byteLength).to.equal(PAGE);
  });
});

describe('the offers of a channel', () => {
  it('are no incoming offers', async () => {
    const heard: bigint[] = [];
    const last = allocate(PAGE);
    await using ends = await openBothEnds();
    await ends.opened.send(allocate(PAGE), VMO_GRANT_R);
    const offer = vmOffer(process.pid, last, VMO_GRANT_R);
    for await (const { address } of incomingOffers()) {
      heard.push(address);
      if (address === offer.address) break;
    }
    expect(heard).to.deep.equal([offer.address]);
    offer.cancel();
  });

  it('are listed with their kind, and cannot be claimed by anybody else', async () => {
    const abort = new AbortController();
    const opening = Channel.open(process.pid, { signal: abort.signal });
    await until('the channel is offered', () => vmListOfferSync().some(({ kind }) => kind === 'channel'));
    const record = vmListOfferSync().find(({ kind }) => kind === 'channel');
    expect(record?.flags).to.equal(VMO_GRANT_R | VMO_GRANT_W);
    const error = await rejectionOf(vmClaim(process.pid, record?.address ?? 1n), 'ERR_VMO_NOT_OFFERED');
    expect(error.message).to.include('Channel.accept');
    abort.abort(new Error('enough'));
    const reason: unknown = await opening.catch((thrown: unknown) => thrown);
    expect(reason).to.have.property('message', 'enough');
    // The refused claim may still have been under way when the offer was withdrawn.
    await until('the offer is taken back', () => !vmListOfferSync().some(({ kind }) => kind === 'channel'));
  });
});

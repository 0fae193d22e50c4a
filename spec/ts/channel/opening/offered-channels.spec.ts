import { expect } from 'chai';
import { VmoError, type VmoErrorCode } from 'vmoffer';
import { whatFailed } from '#ts/channel/opening/accept-failure.js';
import { BackOff } from '#ts/channel/waiting/back-off.js';
import { OfferedChannels } from '#ts/channel/opening/offered-channels.js';
import type { NativeOfferRecord } from '#ts/native.js';

const ALICE = 11;
const BOB = 12;

function record(srcPid: number, id: number): NativeOfferRecord {
  const address = BigInt(id) * 4096n;
  return {
    id,
    srcPid,
    destPid: 1,
    address,
    byteLength: 4096,
    flags: 3,
    kind: 'channel',
    direction: 'received',
    supplied: false,
    state: 'pending',
  };
}

function from(srcPid: number, first: number, last: number): NativeOfferRecord[] {
  return Array.from({ length: last - first + 1 }, (_, index) => record(srcPid, first + index));
}

function offered(records: readonly NativeOfferRecord[]): OfferedChannels {
  const channels = new OfferedChannels();
  for (const each of records) channels.add(each);
  return channels;
}

/** Takes and settles until nothing is left. Returns the sources and numbers in order. */
function takeAll(channels: OfferedChannels): [number, number][] {
  const taken: [number, number][] = [];
  for (let next = channels.take(0); next; next = channels.take(0)) {
    taken.push([next.record.srcPid, next.record.id]);
    channels.settle(next);
  }
  return taken;
}

describe('the queue of offered channels', () => {
  it('takes turns by source, in order within each source', () => {
    const channels = offered([...from(ALICE, 1, 4), record(BOB, 1)]);
    expect(takeAll(channels)).to.deep.equal([
      [ALICE, 1],
      [BOB, 1],
      [ALICE, 2],
      [ALICE, 3],
      [ALICE, 4],
    ]);
  });

  it('gives one channel at a time from one source', () => {
    const channels = offered(from(ALICE, 1, 2));
    const first = channels.take(0) ?? expect.fail('there is none');
    expect(channels.take(0)).to.be.undefined;
    expect(channels.waitMs(0)).to.equal(Infinity);
    channels.settle(first);
    expect(channels.take(0)?.record.id).to.equal(2);
  });

  it('asks a source for one channel at a time: not while one may be tried, is being claimed, or has to wait', () => {
    const channels = offered([record(ALICE, 1), record(BOB, 1)]);
    expect(channels.satisfied(0)).to.deep.equal([ALICE, BOB]);
    const first = channels.take(0) ?? expect.fail('there is none');
    expect(channels.satisfied(0)).to.have.members([ALICE, BOB]);
    channels.putBack(first, 'later', 0);
    expect(channels.satisfied(0)).to.include(ALICE);
    channels.settle(channels.take(0) ?? expect.fail('there is none'));
    expect(channels.satisfied(0)).to.deep.equal([ALICE]);
  });

  it('asks a source for more while another acceptor claims its channels, up to 128', () => {
    const channels = new OfferedChannels();
    for (let id = 1; id <= 128; id++) {
      expect(channels.satisfied(0)).to.deep.equal([]);
      channels.add(record(ALICE, id));
      channels.putBack(channels.take(0) ?? expect.fail('there is none'), 'soon', 0);
    }
    expect(channels.satisfied(0)).to.deep.equal([ALICE]);
  });

  it('makes all channels of a source wait that could not give one; others go on', () => {
    const channels = offered([...from(ALICE, 1, 2), record(BOB, 1)]);
    channels.putBack(channels.take(0) ?? expect.fail('there is none'), 'later', 0);
    expect(takeAll(channels)).to.deep.equal([[BOB, 1]]);
    const wait = channels.waitMs(0);
    expect(wait).to.be.above(0).and.below(Infinity);
    expect(channels.take(wait)?.record.id).to.equal(1);
  });

  it('lets other channels of the source go first when another acceptor is claiming one', () => {
    const channels = offered(from(ALICE, 1, 2));
    channels.putBack(channels.take(0) ?? expect.fail('there is none'), 'soon', 0);
    expect(takeAll(channels)).to.deep.equal([[ALICE, 2]]);
    expect(channels.take(channels.waitMs(0))?.record.id).to.equal(1);
  });

  it('keeps the turn of a channel that was given up', () => {
    const channels = offered(from(ALICE, 1, 2));
    channels.putBack(channels.take(0) ?? expect.fail('there is none'), 'now', 0);
    expect(channels.take(0)?.record.id).to.equal(1);
  });
});

describe('a back-off', () => {
  it('doubles up to its last, and begins anew after a success', () => {
    const backOff = new BackOff(10, 35);
    const waits = [0, 0, 0, 0].map(() => {
      backOff.fail(0);
      return backOff.waitMs(0);
    });
    expect(waits).to.deep.equal([10, 20, 35, 35]);
    expect(backOff.waitMs(35)).to.equal(0);
    backOff.succeed();
    backOff.fail(0);
    expect(backOff.waitMs(0)).to.equal(10);
  });

  it('can be cut short, and then waits no shorter the next time', () => {
    const backOff = new BackOff(10, 1000);
    backOff.fail(0);
    backOff.cutShort();
    expect(backOff.waitMs(0)).to.equal(0);
    backOff.fail(0);
    expect(backOff.waitMs(0)).to.equal(20);
  });
});

describe('what a failed claim of a channel means', () => {
  const error = (code: VmoErrorCode, errno?: string) => new VmoError(code, '', errno === undefined ? {} : { errno });
  for (const [code, errno, meaning] of [
    ['ERR_VMO_TOO_MANY', 'EMFILE', 'own'],
    ['ERR_VMO_NO_MEMORY', 'ENOMEM', 'own'],
    ['ERR_VMO_TOO_MANY', undefined, 'source'],
    ['ERR_VMO_NO_MEMORY', undefined, 'source'],
    ['ERR_VMO_TIMEOUT', undefined, 'source'],
    ['ERR_VMO_PEER_GONE', undefined, 'source'],
    ['ERR_VMO_BUSY', undefined, 'taken'],
    ['ERR_VMO_NOT_OFFERED', undefined, 'passed over'],
    ['ERR_VMO_NO_PROCESS', 'ESRCH', 'passed over'],
    ['ERR_VMO_PROTOCOL', undefined, 'passed over'],
    ['ERR_VMO_NOT_PERMITTED', undefined, 'passed over'],
    ['ERR_VMO_UNSUPPORTED', 'EINVAL', 'passed over'],
    ['ERR_VMO_INVALID_ARGUMENT', undefined, 'passed over'],
  ] as const) {
    it(`${code}${errno === undefined ? '' : ` with ${errno}`}: ${meaning}`, () => {
      expect(whatFailed(error(code, errno))).to.equal(meaning);
    });
  }
});

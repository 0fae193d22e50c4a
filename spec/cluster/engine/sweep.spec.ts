import { expect } from 'chai';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { VmoError } from 'vmoffer';
import { nats, sweepBucket } from 'vmoffer-cluster';
import { connectNats } from '#cluster/engine/nats/connect.js';
import { NatsServer, requireNatsServer } from '../support/nats-server.js';
import { makeRecord } from '../support/records.js';
import { isSame, reasonOf, soon, Watcher } from './contract.js';

const BUCKET = 'swept';
const MANY = 300;

describe('a bucket of NATS that is swept', () => {
  let server: NatsServer;

  before(async function () {
    requireNatsServer(this);
    server = await NatsServer.start();
  });
  after(() => (server as NatsServer | undefined)?.[Symbol.asyncDispose]()); // before() may have skipped all

  const description = (bucket = BUCKET) => nats({ servers: server.url, bucket });

  async function messages(): Promise<number> {
    const connection = await connect({ servers: server.url });
    try {
      const manager = await jetstreamManager(connection);
      const found = await Promise.all(['KV_', 'VMO_STORE_'].map((prefix) => manager.streams.info(prefix + BUCKET)));
      return found.reduce((sum, { state }) => sum + state.messages, 0);
    } finally {
      await connection.close();
    }
  }

  it('keeps what stands, and nothing of what has ended', async () => {
    const [a, b] = [await connectNats(description(), 'a'), await connectNats(description(), 'b')];
    try {
      const standing = await a.announce(makeRecord('a', 'b'));
      const offered = await a.announce(makeRecord('a', 'b'));
      const claimed = await b.replace(offered, { ...offered.record, stage: 'owned' });
      await a.store?.put('kept', 'b', 0, new Uint8Array(10));
      await a.store?.put('dropped', 'b', 0, new Uint8Array(10));
      await a.store?.drop('dropped', 'b');
      const withdrawals = Array.from({ length: MANY }, async () => a.withdraw(await a.announce(makeRecord('a', 'b'))));
      await Promise.all(withdrawals);
      expect(await sweepBucket(description(), { olderThanMs: 3_600_000 })).to.equal(0);
      expect(await sweepBucket(description(), { olderThanMs: 0 })).to.equal(MANY + 1);
      expect(await sweepBucket(description(), { olderThanMs: 0 })).to.equal(0);
      expect(await messages()).to.equal(4); // a record offered, one offered and claimed, and a unit
      expect(await a.find(claimed.record)).to.deep.equal(claimed);
      expect(await b.find(standing.record)).to.deep.equal(standing);
      expect(await b.store?.get('a', 'kept', 0, soon())).to.deep.equal(new Uint8Array(10));
    } finally {
      await Promise.all([a.close(), b.close()]);
    }
  });

  it('is used on by those who are there, and by those who come', async () => {
    const a = await connectNats(description(), 'a');
    try {
      const entry = await a.announce(makeRecord('a', 'c'));
      await a.withdraw(entry);
      await sweepBucket(description(), { olderThanMs: 0 });
      expect(await a.find(entry.record)).to.equal(undefined);
      expect(await reasonOf(a.replace(entry, { ...entry.record, stage: 'owned' }))).to.equal('conflict');
      const next = await a.announce(makeRecord('a', 'c'));
      const c = await connectNats(description(), 'c');
      const watcher = new Watcher(c);
      await watcher.sees((change) => isSame(change.entry, next));
      await watcher.end();
      await c.close();
    } finally {
      await a.close();
    }
  });

  it('is refused a time that is none', async () => {
    for (const olderThanMs of [-1, NaN, Infinity]) {
      const error = await sweepBucket(description(), { olderThanMs }).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(VmoError).with.property('code', 'ERR_VMO_INVALID_ARGUMENT');
    }
  });

  it('is refused where it was never made', async () => {
    const error = await sweepBucket(description('never')).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(VmoError);
    expect((error as VmoError).message).to.match(/no bucket never/);
  });
});

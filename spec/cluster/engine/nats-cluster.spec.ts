import { expect } from 'chai';
import { connectNats } from '#cluster/engine/nats/connect.js';
import { nats } from '#cluster/engine/nats/description.js';
import { EngineError, type Engine, type Entry } from '#cluster/engine/engine.js';
import { NatsCluster } from '../support/nats-cluster.js';
import { requireNatsServer } from '../support/nats-server.js';
import { makeRecord } from '../support/records.js';
import { soon, Watcher } from './contract.js';

const BUCKET = 'cluster';

describe('three NATS servers', function () {
  this.timeout(120_000);
  let cluster: NatsCluster;
  const engines: Engine[] = [];

  before(async function () {
    requireNatsServer(this);
    cluster = await NatsCluster.start();
    await cluster.createBucket(BUCKET);
  });

  after(async () => {
    await Promise.all(engines.map((engine) => engine.close()));
    await (cluster as NatsCluster | undefined)?.[Symbol.asyncDispose]();
  });

  /** @param first the server that it connects to; it may go to another when that dies. */
  async function peer(self: string, first: number): Promise<Engine> {
    const { urls } = cluster;
    const servers = [...urls.slice(first), ...urls.slice(0, first)];
    const engine = await connectNats(nats({ servers, bucket: BUCKET, create: false }), self);
    engines.push(engine);
    return engine;
  }

  it('find a record at once, whichever server wrote it and whichever is asked', async () => {
    const [a, b] = [await peer('find-a', 0), await peer('find-b', 1)];
    let entry = await a.announce(makeRecord('find-a', 'find-b'));
    for (let turn = 0; turn < 100; turn++) {
      entry = await (turn % 2 ? a : b).replace(entry, { ...entry.record, nonce: `turn-${turn}` });
      expect(await (turn % 2 ? b : a).find(entry.record)).to.deep.equal(entry);
    }
  });

  it('answer ranges that were asked for at another server', async () => {
    const [a, b] = [await peer('range-a', 1), await peer('range-b', 2)];
    for (let object = 0; object < 50; object++) {
      await a.serve(`object-${object}`, 'range-b', ({ byteLength }) => new Uint8Array(byteLength).fill(object));
      const bytes = await b.read('range-a', `object-${object}`, { offset: 0, byteLength: 100 }, soon());
      expect(bytes).to.deep.equal(new Uint8Array(100).fill(object));
    }
  });

  it('lose no write that was acknowledged, and let no two win, when the leader is killed', async () => {
    const [a, b] = [await peer('kill-a', 0), await peer('kill-b', 1)];
    const watcher = new Watcher(b);
    const chains = await Promise.all(Array.from({ length: 8 }, () => a.announce(makeRecord('kill-a', 'kill-b'))));
    const contested = await Promise.all(Array.from({ length: 40 }, () => a.announce(makeRecord('kill-a', 'kill-b'))));

    const leader = await cluster.leaderOf(`KV_${BUCKET}`);
    const written = chains.map((entry, index) => writeChain(index % 2 ? a : b, entry, 60));
    const claims = Promise.all(contested.map((entry) => claimBoth(a, b, entry)));
    await Promise.all(chains.map((entry) => watcher.sees(({ name, entry: now }) => isAfter(entry, name.id, now))));
    await leader.kill();

    const ends = await Promise.all(written);
    for (const end of ends) expect(await a.find(end.record)).to.deep.equal(end);
    for (const winner of await claims)
      expect((await b.find(winner.record))?.record.nonce).to.equal(winner.record.nonce);
    await Promise.all(ends.map((end) => watcher.sees(({ entry }) => entry?.revision === end.revision)));
    await watcher.end();
    await leader.run();
  });
});

function isAfter(before: Entry, id: string, now: Entry | undefined): boolean {
  return id === before.record.id && now !== undefined && now.revision > before.revision;
}

/** One writer: whatever it is told, each of its writes builds upon the one before. */
async function writeChain(engine: Engine, first: Entry, length: number): Promise<Entry> {
  let entry = first;
  for (let link = 0; link < length; link++) {
    const written = await replaceSurely(engine, entry, `link-${link}`);
    if (!written) throw new Error(`link ${link} was written by nobody, and cannot be written`);
    entry = written;
  }
  return entry;
}

/** Both try to write; the result of one of them is the record. */
async function claimBoth(a: Engine, b: Engine, entry: Entry): Promise<Entry> {
  const results = await Promise.all([replaceSurely(a, entry, 'of-a'), replaceSurely(b, entry, 'of-b')]);
  const winners = results.filter((result) => result !== undefined);
  expect(winners).to.have.length(1);
  return winners[0] ?? entry;
}

/** Undefined: somebody else has changed it. */
async function replaceSurely(engine: Engine, entry: Entry, nonce: string): Promise<Entry | undefined> {
  for (;;) {
    try {
      return await engine.replace(entry, { ...entry.record, nonce });
    } catch (error) {
      const reason = error instanceof EngineError ? error.reason : undefined;
      if (reason !== 'conflict' && reason !== 'uncertain') throw error;
    }
    // A conflict may be with an own write before, whose answer was lost.
    const found = await findSurely(engine, entry);
    if (found?.record.nonce === nonce) return found;
    if (found?.revision !== entry.revision) return undefined;
  }
}

async function findSurely(engine: Engine, { record }: Entry): Promise<Entry | undefined> {
  for (;;) {
    try {
      return await engine.find(record);
    } catch (error) {
      if (!(error instanceof EngineError) || error.reason !== 'timeout') throw error;
    }
  }
}

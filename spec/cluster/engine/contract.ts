/** What every engine promises, as specs. */
import { expect } from 'chai';
import { once } from 'node:events';
import { EngineError, MAX_RANGE_BYTES, type Change, type Engine, type Entry } from '#cluster/engine/engine.js';
import { makeRecord } from '../support/records.js';

/** Where engines of one kind meet, made anew for each spec. */
export interface World extends AsyncDisposable {
  /** Ends with the world, unless the spec has closed it. */
  connect(self: string): Promise<Engine>;
  /** The peer's process ends as SIGKILL ends it. */
  kill(peer: string): void;
  cut(peer: string): void;
  mend(peer: string): void;
  /** The next compare-and-set of this peer loses its request or its answer. */
  lose(peer: string, what: 'request' | 'answer'): void;
}

export function describeEngine(title: string, start: () => Promise<World>): void {
  describe(`the contract of engines: ${title}`, () => {
    let world: World | undefined;
    const peers = async <Names extends string[]>(...names: Names) => {
      world ??= await start();
      const met = world;
      return (await Promise.all(names.map((name) => met.connect(name)))) as { [Each in keyof Names]: Engine };
    };
    const currentWorld = () => {
      if (!world) throw new Error('there is no world before its first peer');
      return world;
    };

    afterEach(async () => {
      const ended = world;
      world = undefined;
      await ended?.[Symbol.asyncDispose]();
    });

    describeBook(peers, currentWorld);
    describeWatch(peers, currentWorld);
    describeRanges(peers, currentWorld);
    describeStore(peers);
    describeEnd(peers);
  });
}

type Peers = <Names extends string[]>(...names: Names) => Promise<{ [Each in keyof Names]: Engine }>;

function describeBook(peers: Peers, world: () => World): void {
  it('gives both peers the record that one has announced', async () => {
    const [a, b] = await peers('a', 'b');
    const record = makeRecord('a', 'b', { lease: { until: 1, ms: 2 }, digests: 'digests-1' });
    const entry = await a.announce(record);
    expect(entry.record).to.deep.equal(record);
    expect(await b.find(record)).to.deep.equal(entry);
    expect(await a.find(record)).to.deep.equal(entry);
  });

  it('finds nothing where there is no record', async () => {
    const [a] = await peers('a');
    expect(await a.find(makeRecord('a', 'b'))).to.equal(undefined);
  });

  it('refuses an id that is taken, or that was', async () => {
    const [a] = await peers('a');
    const record = makeRecord('a', 'b');
    const entry = await a.announce(record);
    expect(await reasonOf(a.announce(record))).to.equal('conflict');
    await a.withdraw(entry);
    expect(await reasonOf(a.announce(record))).to.equal('conflict');
  });

  it('lets one of many rivals replace a record', async () => {
    const [a, b] = await peers('a', 'b');
    const entry = await a.announce(makeRecord('a', 'b'));
    const rivals = Array.from({ length: 20 }, (_, rival) => ({ ...entry.record, nonce: `rival-${rival}` }));
    const results = await Promise.allSettled(rivals.map((record, rival) => (rival % 2 ? a : b).replace(entry, record)));
    const winners = results.filter((result) => result.status === 'fulfilled').map(({ value }) => value);
    expect(winners).to.have.length(1);
    expect(await a.find(entry.record)).to.deep.equal(winners[0]);
    const reasons = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason as unknown);
    expect(new Set(reasons.map((reason) => reason instanceof EngineError && reason.reason))).to.deep.equal(
      new Set(['conflict']),
    );
  });

  it('neither replaces nor withdraws what has been changed or withdrawn', async () => {
    const [a, b] = await peers('a', 'b');
    const first = await a.announce(makeRecord('a', 'b'));
    const second = await b.replace(first, { ...first.record, stage: 'owned' });
    expect(await reasonOf(a.replace(first, first.record))).to.equal('conflict');
    expect(await reasonOf(a.withdraw(first))).to.equal('conflict');
    await a.withdraw(second);
    expect(await a.find(first.record)).to.equal(undefined);
    expect(await reasonOf(b.replace(second, second.record))).to.equal('conflict');
    expect(await reasonOf(b.withdraw(second))).to.equal('conflict');
  });

  it('neither replaces nor withdraws a revision that never was, whether or not the writer knows the record', async () => {
    const [a, b] = await peers('a', 'b');
    const { record, revision } = await a.announce(makeRecord('a', 'b'));
    const wrong = { record, revision: revision + 1 };
    for (const knows of [false, true]) {
      if (knows) expect((await b.find(record))?.revision).to.equal(revision);
      expect(await reasonOf(b.replace(wrong, record))).to.equal('conflict');
      expect(await reasonOf(b.withdraw(wrong))).to.equal('conflict');
    }
    expect((await a.find(record))?.revision).to.equal(revision);
  });

  it('is told "uncertain" when the answer of a compare-and-set is lost, and finds what it wrote', async () => {
    const [a, b] = await peers('a', 'b');
    const entry = await a.announce(makeRecord('a', 'b'));
    const next = { ...entry.record, nonce: 'mine' };
    world().lose('b', 'answer');
    expect(await reasonOf(b.replace(entry, next))).to.equal('uncertain');
    expect((await b.find(next))?.record).to.deep.equal(next);
  });

  it('is told "uncertain" when the request of a compare-and-set is lost, and finds what was there', async () => {
    const [a, b] = await peers('a', 'b');
    const entry = await a.announce(makeRecord('a', 'b'));
    world().lose('b', 'request');
    expect(await reasonOf(b.replace(entry, { ...entry.record, nonce: 'mine' }))).to.equal('uncertain');
    expect(await b.find(entry.record)).to.deep.equal(entry);
  });

  it('has nothing to do with the offers of others', async () => {
    const [a, c] = await peers('a', 'c');
    const record = makeRecord('a', 'b');
    const entry = await a.announce(record);
    expect(await reasonOf(c.find(record))).to.equal('not-permitted');
    expect(await reasonOf(c.replace(entry, record))).to.equal('not-permitted');
    expect(await reasonOf(c.withdraw(entry))).to.equal('not-permitted');
    expect(await reasonOf(c.announce(makeRecord('a', 'c')))).to.equal('not-permitted');
  });

  it('lets nobody change where an object is read directly', async () => {
    const [a, b] = await peers('a', 'b');
    const direct = { host: '192.0.2.1', port: 7443 };
    const entry = await a.announce(makeRecord('a', 'b', { direct }));
    expect((await b.find(entry.record))?.record.direct).to.deep.equal(direct);
    const without = { ...entry.record };
    delete without.direct;
    const elsewhere = { ...entry.record, direct: { ...direct, port: 7444 } };
    for (const next of [without, elsewhere]) expect(await errorOf(b.replace(entry, next))).to.be.instanceOf(TypeError);
    const owned = await b.replace(entry, { ...entry.record, stage: 'owned' });
    expect((await a.find(owned.record))?.record.direct).to.deep.equal(direct);
  });

  it('refuses names that could mean something else', async () => {
    const [a] = await peers('a');
    const wrong = [
      makeRecord('a', 'b.c'),
      makeRecord('a', '*'),
      makeRecord('a', ''),
      makeRecord('a', 'b', { id: '>' }),
      makeRecord('a', 'x'.repeat(65)),
    ];
    for (const record of wrong) expect(await errorOf(a.announce(record))).to.be.instanceOf(TypeError);
    const entry = { record: makeRecord('a', 'b'), revision: 1 };
    expect(await errorOf(a.replace(entry, makeRecord('a', 'b')))).to.be.instanceOf(TypeError);
  });
}

function describeWatch(peers: Peers, world: () => World): void {
  it('watches what stands, then what changes, and nothing of others', async () => {
    const [a, b, c] = await peers('a', 'b', 'c');
    const first = await a.announce(makeRecord('a', 'b'));
    await a.announce(makeRecord('a', 'c'));
    const watcher = new Watcher(b);
    await watcher.sees(({ entry }) => isSame(entry, first));
    const second = await b.replace(first, { ...first.record, stage: 'owned' });
    await watcher.sees(({ entry }) => isSame(entry, second));
    await a.withdraw(second);
    await watcher.sees(({ name, entry }) => name.id === first.record.id && entry === undefined);
    const third = await b.announce(makeRecord('b', 'c'));
    await watcher.sees(({ entry }) => isSame(entry, third));
    await watcher.end();
    expect(watcher.seen.filter(({ name }) => name.from !== 'b' && name.to !== 'b')).to.deep.equal([]);
    expect(watcher.seen.map(({ name }) => name.id)).to.not.include(c.self);
  });

  it('sees what has changed while its connection was lost', async () => {
    const [a, b] = await peers('a', 'b');
    const kept = await a.announce(makeRecord('a', 'b'));
    const removed = await a.announce(makeRecord('a', 'b'));
    const watcher = new Watcher(b);
    await watcher.sees(({ entry }) => isSame(entry, removed));
    world().cut('b');
    const replaced = await a.replace(kept, { ...kept.record, stage: 'done' });
    await a.withdraw(removed);
    const added = await a.announce(makeRecord('a', 'b'));
    world().mend('b');
    await watcher.sees(({ entry }) => isSame(entry, added));
    await watcher.end();
    expect(watcher.seen.find(({ entry }) => isSame(entry, replaced))).to.not.equal(undefined);
    expect(watcher.seen.find(({ name, entry }) => name.id === removed.record.id && !entry)).to.not.equal(undefined);
  });

  it('sees a thousand records', async () => {
    const [a, b] = await peers('a', 'b');
    const records = Array.from({ length: 1000 }, () => makeRecord('a', 'b'));
    await Promise.all(records.slice(0, 500).map((record) => a.announce(record)));
    const watcher = new Watcher(b);
    const missing = new Set(records.map(({ id }) => id));
    const seen = watcher.sees(({ name }) => {
      missing.delete(name.id);
      return missing.size === 0;
    });
    await Promise.all(records.slice(500).map((record) => a.announce(record)));
    await seen;
    await watcher.end();
  });

  it('ends when the connection is closed', async () => {
    const [a] = await peers('a');
    const watcher = new Watcher(a);
    await a.close();
    await watcher.ended;
  });

  it('does not begin after its signal', async () => {
    const [a] = await peers('a');
    await a.announce(makeRecord('a', 'b'));
    const seen = [];
    for await (const change of a.watch(AbortSignal.abort())) seen.push(change);
    expect(seen).to.deep.equal([]);
  });
}

function describeRanges(peers: Peers, world: () => World): void {
  it('reads exactly the bytes of a range, several at once', async () => {
    const [a, b] = await peers('a', 'b');
    const bytes = numbered(8 * MAX_RANGE_BYTES);
    await a.serve('object', 'b', ({ offset, byteLength }) => bytes.subarray(offset, offset + byteLength));
    const offsets = Array.from({ length: 8 }, (_, unit) => unit * MAX_RANGE_BYTES);
    const ranges = [
      ...offsets.map((offset) => ({ offset, byteLength: MAX_RANGE_BYTES })),
      { offset: 77, byteLength: 1 },
    ];
    const read = await Promise.all(ranges.map((range) => b.read('a', 'object', range, soon())));
    ranges.forEach(({ offset, byteLength }, index) => {
      expect(Buffer.compare(read[index] ?? bytes, bytes.subarray(offset, offset + byteLength))).to.equal(0);
    });
  });

  it('gives bytes that are the reader’s own, as they were when the holder gave them', async () => {
    const [a, b] = await peers('a', 'b');
    const bytes = numbered(4096);
    await a.serve('object', 'b', () => {
      setImmediate(() => bytes.fill(0));
      return bytes;
    });
    const read = await b.read('a', 'object', { offset: 0, byteLength: 4096 }, soon());
    expect(Buffer.compare(read, numbered(4096))).to.equal(0);
    read.fill(1);
  });

  it('keeps offsets that need more than 32 bits', async () => {
    const [a, b] = await peers('a', 'b');
    const asked: number[] = [];
    await a.serve('object', 'b', ({ offset, byteLength }) => {
      asked.push(offset);
      return new Uint8Array(byteLength);
    });
    await b.read('a', 'object', { offset: 2 ** 52 + 1, byteLength: 1 }, soon());
    expect(asked).to.deep.equal([2 ** 52 + 1]);
  });

  it('says "gone" at once where nobody answers for the object to this reader', async () => {
    const [a, b] = await peers('a', 'b');
    await a.serve('object', 'c', ({ byteLength }) => new Uint8Array(byteLength));
    const from = performance.now();
    const range = { offset: 0, byteLength: 1 };
    expect(await reasonOf(b.read('a', 'object', range, soon()))).to.equal('gone');
    expect(await reasonOf(b.read('nobody', 'object', range, soon()))).to.equal('gone');
    expect(performance.now() - from).to.be.below(1000);
  });

  it('says "gone" within a second when the holder ends with requests under way', async () => {
    const [a, b] = await peers('a', 'b');
    const asked = deferred();
    await a.serve('object', 'b', () => {
      asked.resolve();
      return new Promise(() => undefined);
    });
    const reads = [0, 1, 2].map((offset) => reasonOf(b.read('a', 'object', { offset, byteLength: 1 }, soon())));
    await asked.promise;
    const from = performance.now();
    world().kill('a');
    expect(await Promise.all(reads)).to.deep.equal(['gone', 'gone', 'gone']);
    expect(performance.now() - from).to.be.below(1000);
  });

  it('does not take a slow holder for gone', async () => {
    const [a, b] = await peers('a', 'b');
    const bytes = deferred<Uint8Array>();
    const asked = deferred();
    await a.serve('slow', 'b', () => {
      asked.resolve();
      return bytes.promise;
    });
    const read = b.read('a', 'slow', { offset: 0, byteLength: 1 }, soon());
    await asked.promise;
    setTimeout(() => {
      bytes.resolve(new Uint8Array([7]));
    }, 1200);
    expect(await read).to.deep.equal(new Uint8Array([7]));
  });

  it('tells the holder’s reason when it refuses, and when it has other bytes than were asked for', async () => {
    const [a, b] = await peers('a', 'b');
    await a.serve('object', 'b', ({ offset }) => {
      if (offset === 0) throw new Error('not today, naïve\nreader');
      return new Uint8Array(3);
    });
    const refused = await errorOf(b.read('a', 'object', { offset: 0, byteLength: 4 }, soon()));
    expect(refused).to.be.instanceOf(EngineError).with.property('reason', 'refused');
    expect((refused as Error).message).to.match(/not today/);
    expect(await reasonOf(b.read('a', 'object', { offset: 1, byteLength: 4 }, soon()))).to.equal('refused');
  });

  it('refuses to ask for what is no range', async () => {
    const [b] = await peers('b');
    const wrong = [
      { offset: 0, byteLength: 0 },
      { offset: -1, byteLength: 1 },
      { offset: 0.5, byteLength: 1 },
      { offset: 0, byteLength: MAX_RANGE_BYTES + 1 },
    ];
    for (const range of wrong) expect(await errorOf(b.read('a', 'object', range, soon()))).to.be.instanceOf(RangeError);
  });

  it('rejects with the reason of the signal', async () => {
    const [a, b] = await peers('a', 'b');
    const asked = deferred();
    await a.serve('object', 'b', () => {
      asked.resolve();
      return new Promise(() => undefined);
    });
    const stop = new AbortController();
    const read = errorOf(b.read('a', 'object', { offset: 0, byteLength: 1 }, stop.signal));
    await asked.promise;
    const reason = new Error('enough');
    stop.abort(reason);
    expect(await read).to.equal(reason);
    expect(await errorOf(b.read('a', 'object', { offset: 0, byteLength: 1 }, stop.signal))).to.equal(reason);
  });

  it('waits for ranges under way when a service is closed, and answers none after that', async () => {
    const [a, b] = await peers('a', 'b');
    const asked = deferred();
    const bytes = deferred<Uint8Array>();
    const service = await a.serve('object', 'b', () => {
      asked.resolve();
      return bytes.promise;
    });
    const read = b.read('a', 'object', { offset: 0, byteLength: 2 }, soon());
    await asked.promise;
    let isClosed = false;
    const closed = service.close().then(() => (isClosed = true));
    await new Promise(setImmediate);
    expect(isClosed).to.equal(false);
    bytes.resolve(new Uint8Array([1, 2]));
    expect(await read).to.deep.equal(new Uint8Array([1, 2]));
    await closed;
    expect(await reasonOf(b.read('a', 'object', { offset: 0, byteLength: 2 }, soon()))).to.equal('gone');
  });

  it('reads over a connection that is lost and made again', async () => {
    const [a, b] = await peers('a', 'b');
    await a.serve('object', 'b', ({ byteLength }) => new Uint8Array(byteLength).fill(5));
    world().cut('b');
    const read = b.read('a', 'object', { offset: 0, byteLength: 10 }, soon());
    await new Promise(setImmediate);
    world().mend('b');
    expect(await read).to.deep.equal(new Uint8Array(10).fill(5));
  });

  it('knows whether a peer has an agent', async () => {
    const [a, b] = await peers('a', 'b');
    expect(await b.ping('a', soon())).to.equal(false);
    const service = await a.listen();
    expect(await b.ping('a', soon())).to.equal(true);
    await service.close();
    expect(await b.ping('a', soon())).to.equal(false);
    await a.listen();
    expect(await b.ping('a', soon())).to.equal(true);
    world().kill('a');
    expect(await b.ping('a', soon())).to.equal(false);
  });
}

function describeStore(peers: Peers): void {
  it('keeps stored units after their source has gone, for their reader alone', async () => {
    const [a, b, c] = await peers('a', 'b', 'c');
    const bytes = numbered(MAX_RANGE_BYTES);
    await a.store?.put('object', 'b', 0, bytes);
    await a.store?.put('object', 'b', 70_000, bytes.subarray(0, 100));
    await a.close();
    expect(Buffer.compare((await b.store?.get('a', 'object', 0, soon())) ?? new Uint8Array(0), bytes)).to.equal(0);
    expect(await b.store?.get('a', 'object', 70_000, soon())).to.deep.equal(bytes.slice(0, 100));
    expect(await reasonOf(b.store?.get('a', 'object', 1, soon()))).to.equal('gone');
    expect(await reasonOf(c.store?.get('a', 'object', 0, soon()))).to.equal('gone');
  });

  it('drops all units of one object', async () => {
    const [a, b] = await peers('a', 'b');
    for (const unit of [0, 1, 2]) await a.store?.put('dropped', 'b', unit, numbered(1000));
    await a.store?.put('kept', 'b', 0, numbered(1000));
    await a.store?.drop('dropped', 'b');
    await a.store?.drop('never', 'b');
    for (const unit of [0, 1, 2]) expect(await reasonOf(b.store?.get('a', 'dropped', unit, soon()))).to.equal('gone');
    expect(await b.store?.get('a', 'kept', 0, soon())).to.deep.equal(numbered(1000));
  });
}

function describeEnd(peers: Peers): void {
  it('rejects what is asked while it closes, too', async () => {
    const [a] = await peers('a');
    for (let round = 0; round < 20; round++) {
      const [b] = await peers(`b${round}`);
      const entry = await a.announce(makeRecord('a', b.self));
      const stale = { ...entry, revision: entry.revision + 1 };
      const withdrawn = Array.from({ length: round }, () => reasonOf(b.withdraw(stale))); // refused, they ask once more
      await b.close();
      for (const reason of await Promise.all(withdrawn)) expect(reason).to.be.oneOf(['closed', 'conflict']);
    }
  });

  it('rejects everything with "closed" once it is closed, and says that it has ended', async () => {
    const [a, b] = await peers('a', 'b');
    const asked = deferred();
    await a.serve('object', 'b', () => {
      asked.resolve();
      return new Promise(() => undefined);
    });
    const underWay = reasonOf(b.read('a', 'object', { offset: 0, byteLength: 1 }, soon()));
    await asked.promise;
    await b.close();
    await b.close();
    expect(await underWay).to.equal('closed');
    expect(await b.closed).to.equal(undefined);
    const record = makeRecord('b', 'a');
    expect(await reasonOf(b.announce(record))).to.equal('closed');
    expect(await reasonOf(b.find(record))).to.equal('closed');
    expect(await reasonOf(b.read('a', 'object', { offset: 0, byteLength: 1 }, soon()))).to.equal('closed');
    expect(await reasonOf(b.ping('a', soon()))).to.equal('closed');
    expect(await reasonOf(b.listen())).to.equal('closed');
  });
}

/** Takes all changes, and wakes who waits for one. */
export class Watcher {
  readonly seen: Change[] = [];
  readonly ended: Promise<void>;
  readonly #stop = new AbortController();
  readonly #news = new EventTarget();

  constructor(engine: Engine) {
    this.ended = this.#take(engine);
  }

  async sees(isIt: (change: Change) => boolean): Promise<void> {
    let looked = 0;
    for (;;) {
      const unseen = this.seen.slice(looked);
      looked = this.seen.length;
      if (unseen.some((change) => isIt(change))) return;
      await Promise.race([
        once(this.#news, 'change'),
        this.ended.then(() => Promise.reject(new Error('it has ended'))),
      ]);
    }
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.ended;
  }

  async #take(engine: Engine): Promise<void> {
    for await (const change of engine.watch(this.#stop.signal)) {
      this.seen.push(change);
      this.#news.dispatchEvent(new Event('change'));
    }
  }
}

export function isSame(found: Entry | undefined, expected: Entry): boolean {
  return found?.revision === expected.revision && found.record.id === expected.record.id;
}

export async function errorOf(promise: Promise<unknown> | undefined): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it was expected to reject');
}

/** The reason of the EngineError that it rejects with. */
export async function reasonOf(promise: Promise<unknown> | undefined): Promise<string> {
  const error = await errorOf(promise);
  if (error instanceof EngineError) return error.reason;
  throw error;
}

export function soon(): AbortSignal {
  return AbortSignal.timeout(15_000);
}

export function numbered(byteLength: number): Uint8Array {
  return Uint8Array.from({ length: byteLength }, (_, index) => index % 251);
}

export function deferred<Value = void>() {
  let resolve!: (value: Value) => void;
  const promise = new Promise<Value>((whenResolved) => (resolve = whenResolved));
  return { promise, resolve };
}

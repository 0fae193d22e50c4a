import { expect } from 'chai';
import { MAX_RANGE_BYTES } from '#cluster/engine/engine.js';
import { NatsServer, requireNatsServer } from '../support/nats-server.js';
import { NatsWorld } from '../support/nats-world.js';
import { makeRecord } from '../support/records.js';
import { errorOf, isSame, numbered, soon, Watcher } from './contract.js';

const WHOLE = { offset: 0, byteLength: MAX_RANGE_BYTES };

describe('an engine over NATS', function () {
  this.timeout(60_000);

  before(function () {
    requireNatsServer(this);
  });

  it('asks for less at once where the server takes less', async () => {
    await using server = await NatsServer.start({ config: 'max_payload: 100000' });
    await using world = new NatsWorld(server.port);
    const [a, b] = [await world.connect('a'), await world.connect('b')];
    const bytes = numbered(MAX_RANGE_BYTES);
    const asked: number[] = [];
    await a.serve('object', 'b', ({ offset, byteLength }) => {
      asked.push(byteLength);
      return bytes.subarray(offset, offset + byteLength);
    });
    expect(Buffer.compare(await b.read('a', 'object', WHOLE, soon()), bytes)).to.equal(0);
    expect(Math.max(...asked)).to.equal(100_000);
  });

  it('reads all bytes over a line that is slow and far', async () => {
    await using server = await NatsServer.start();
    await using world = new NatsWorld(server.port);
    const [a, b] = [await world.connect('a'), await world.connect('b')];
    const bytes = numbered(MAX_RANGE_BYTES);
    await a.serve('object', 'b', () => bytes);
    world.proxy('b').delayMs = 30;
    world.proxy('b').bytesPerSecond = 4 * MAX_RANGE_BYTES;
    const reads = await Promise.all([0, 1, 2, 3].map(() => b.read('a', 'object', WHOLE, soon())));
    for (const read of reads) expect(Buffer.compare(read, bytes)).to.equal(0);
  });

  it('writes over a revision that it was told of, though it has not heard of it from the server yet', async () => {
    await using server = await NatsServer.start();
    await using world = new NatsWorld(server.port);
    const [a, b] = [await world.connect('a'), await world.connect('b')];
    const first = await a.announce(makeRecord('a', 'b'));
    world.proxy('a').delayMs = 30;
    const second = await b.replace(first, { ...first.record, stage: 'owned' });
    const third = await a.replace(second, { ...second.record, stage: 'done' });
    expect(await b.find(first.record)).to.deep.equal(third);
  });

  it('asks again for a range whose answer was lost with the connection', async () => {
    await using server = await NatsServer.start();
    await using world = new NatsWorld(server.port);
    const [a, b] = [await world.connect('a'), await world.connect('b')];
    let times = 0;
    await a.serve('object', 'b', () => {
      times++;
      return Buffer.from('an answer to lose');
    });
    const lost = world.proxy('b').snapAt('down', 'an answer to lose');
    const read = b.read('a', 'object', { offset: 0, byteLength: 17 }, soon());
    await lost;
    expect(Buffer.from(await read).toString()).to.equal('an answer to lose');
    expect(times).to.equal(2);
  });

  it('gives up a read over a line that has fallen silent when its signal says so, and goes on when it is mended', async () => {
    await using server = await NatsServer.start();
    await using world = new NatsWorld(server.port);
    const [a, b] = [await world.connect('a'), await world.connect('b')];
    await a.serve('object', 'b', ({ byteLength }) => new Uint8Array(byteLength).fill(3));
    world.proxy('b').stall();
    const error = await errorOf(b.read('a', 'object', { offset: 0, byteLength: 1 }, AbortSignal.timeout(300)));
    expect(error).to.have.property('name', 'TimeoutError');
    world.mend('b');
    expect(await b.read('a', 'object', { offset: 0, byteLength: 1 }, soon())).to.deep.equal(new Uint8Array([3]));
  });

  it('goes on after the server was killed and started again', async () => {
    await using server = await NatsServer.start();
    await using world = new NatsWorld(server.port);
    const [a, b] = [await world.connect('a'), await world.connect('b')];
    await a.serve('object', 'b', ({ byteLength }) => new Uint8Array(byteLength).fill(4));
    const watcher = new Watcher(b);
    const before = await a.announce(makeRecord('a', 'b'));
    await watcher.sees(({ entry }) => isSame(entry, before));
    await server.kill();
    await server.run();
    expect(await b.find(before.record)).to.deep.equal(before);
    const after = await a.replace(before, { ...before.record, stage: 'done' });
    await watcher.sees(({ entry }) => isSame(entry, after));
    await watcher.end();
    expect(await b.read('a', 'object', { offset: 0, byteLength: 1 }, soon())).to.deep.equal(new Uint8Array([4]));
  });
});

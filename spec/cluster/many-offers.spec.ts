import { expect } from 'chai';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { incomingOffers } from 'vmoffer';
import { agentAt, join, type Cluster } from 'vmoffer-cluster';
import { Agent } from '#cluster/agent/agent.js';
import { OfferedEntries } from '#cluster/agent/offered-entries.js';
import type { Engine } from '#cluster/engine/engine.js';
import { MemoryHub } from '#cluster/engine/memory/memory-hub.js';
import { until } from '../support/barriers.js';
import { makeRecord } from './support/records.js';

const MANY = 12_000;

describe('a book with many offers', function () {
  this.timeout(60_000);
  let folder: string;
  let source: Engine;
  let agent: Agent;
  let cluster: Cluster;
  const server = createServer((stream) => void agent.attach(stream, { staysClaimed: true }));

  beforeEach(async () => {
    folder = mkdtempSync(joinPath(tmpdir(), 'vmoffer-many-'));
    const hub = new MemoryHub();
    source = hub.connect('a');
    agent = await Agent.start(hub.connect('b'));
    server.listen(joinPath(folder, 'agent'));
    await once(server, 'listening');
    cluster = await join(agentAt(joinPath(folder, 'agent')));
  });
  afterEach(async () => {
    await cluster.close();
    server.close();
    await agent.close();
    await source.close();
    rmSync(folder, { recursive: true });
  });

  async function announceMany(): Promise<string[]> {
    const ids: string[] = [];
    for (let at = 0; at < MANY; at++) {
      ids.push((await source.announce(makeRecord('a', 'b', { address: `0x7f${at.toString(16)}000` }))).record.id);
    }
    await until('the agent knows them', () => agent.received.standing.length === MANY);
    return ids;
  }

  it('is listed whole', async () => {
    const ids = await announceMany();
    expect((await cluster.list()).map(({ id }) => id)).to.deep.equal(ids);
  });

  it('tells each program that asks of every offer once, in their order', async () => {
    const ids = await announceMany();
    for (let time = 0; time < 2; time++) {
      const told: string[] = [];
      for await (const offer of incomingOffers({ from: cluster })) if (told.push(offer.id) === MANY) break;
      expect(told).to.deep.equal(ids);
    }
  });

  it('is left alone by a program that sends what is no frame', async () => {
    const stranger = connect(joinPath(folder, 'agent'));
    stranger.on('error', () => undefined); // it is hung up on in the middle
    stranger.write(Buffer.alloc(2 << 20, 'x'));
    await new Promise((resolve) => stranger.once('close', resolve));
    expect(await cluster.list()).to.deep.equal([]);
  });
});

describe('the entries of offers', () => {
  const entries = new OfferedEntries();
  const entry = (from: string, id: string) => ({ record: makeRecord(from, 'b', { id }), revision: 1 });

  it('are counted by their peer, each once', () => {
    entries.set('1', entry('a', '1'));
    entries.set('2', entry('a', '2'));
    entries.set('1', entry('a', '1'));
    entries.set('3', entry('c', '3'));
    expect([entries.countOf('a'), entries.countOf('c'), entries.countOf('d')]).to.deep.equal([2, 1, 0]);
    entries.delete('1');
    entries.delete('1');
    entries.delete('3');
    expect([entries.countOf('a'), entries.countOf('c')]).to.deep.equal([1, 0]);
    expect(entries.records.map(({ id }) => id)).to.deep.equal(['2']);
  });
});

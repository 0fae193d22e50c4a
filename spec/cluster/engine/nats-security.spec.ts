import { connect, headers, nkeyAuthenticator, nkeys, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allocate, incomingOffers, vmOffer, VMO_GRANT_R } from 'vmoffer';
import { join as joinCluster } from 'vmoffer-cluster';
import { connectNats, createBucket } from '#cluster/engine/nats/connect.js';
import { nats, type NatsOptions } from '#cluster/engine/nats/description.js';
import type { Engine } from '#cluster/engine/engine.js';
import { openssl } from '../../support/http-server.js';
import { projectRoot } from '../../support/project.js';
import { needs, requires } from '../../support/requires.js';
import { Authority, type Signed } from '../support/certificates.js';
import { NatsServer, requireNatsServer } from '../support/nats-server.js';
import { makeRecord } from '../support/records.js';
import { errorOf, isSame, numbered, reasonOf, soon, Watcher } from './contract.js';

const EXAMPLE = join(projectRoot, 'packages/cluster/examples/nats.conf');
const UNIT = 256 * 1024;
const USERS = ['SCORER_7', 'SCORER_9', 'OPERATOR', 'STRANGER'] as const;
type User = (typeof USERS)[number];

describe('the example configuration of NATS', () => {
  const pairs = Object.fromEntries(USERS.map((user) => [user, nkeys.createUser()])) as Record<User, nkeys.KeyPair>;
  let authority: Authority;
  let identity: Signed;
  let server: NatsServer;
  const connections: { close(): Promise<void> }[] = [];

  before(async function () {
    requireNatsServer(this);
    requires(this, openssl);
    authority = new Authority('vmoffer specs');
    identity = authority.sign('peer');
    const { cert, key } = authority.sign('server');
    const keys = Object.fromEntries(USERS.map((user) => [user, pairs[user].getPublicKey()]));
    const env = { ...keys, SERVER_CERT: cert, SERVER_KEY: key, CA: authority.cert };
    server = await NatsServer.start({ file: EXAMPLE, env });
    await createBucket(nats(options('OPERATOR')));
  });

  afterEach(async () => {
    await Promise.all(connections.splice(0).map((connection) => connection.close()));
  });

  after(async () => {
    await (server as NatsServer | undefined)?.[Symbol.asyncDispose]();
    (authority as Authority | undefined)?.[Symbol.dispose]();
  });

  /** By name: the client does not check a certificate for an IP address. */
  function address(): string {
    return `localhost:${server.port}`;
  }

  function options(user: User): NatsOptions {
    const nkeySeed = join(authority.folder, `${user}.nk`);
    writeFileSync(nkeySeed, pairs[user].getSeed(), { mode: 0o600 });
    return { servers: address(), authenticator: { nkeySeed }, tls: { ca: authority.cert, ...identity } };
  }

  async function peer(user: User, self: string, changes: Partial<NatsOptions> = {}): Promise<Engine> {
    const engine = await connectNats(nats({ ...options(user), create: false, ...changes }), self);
    connections.push(engine);
    return engine;
  }

  /** What a hostile program has that holds this user's seed. */
  async function program(user: User, self: string): Promise<NatsConnection> {
    const connection = await connect({
      servers: address(),
      authenticator: nkeyAuthenticator(pairs[user].getSeed()),
      tls: { caFile: authority.cert, certFile: identity.cert, keyFile: identity.key },
      inboxPrefix: `_INBOX.${self}`,
    });
    connections.push(connection);
    return connection;
  }

  it('lets its peers do all that an engine does', async () => {
    const [a, b] = [await peer('SCORER_7', 'scorer-7'), await peer('SCORER_9', 'scorer-9')];
    const watcher = new Watcher(b);
    const entry = await a.announce(makeRecord('scorer-7', 'scorer-9'));
    await watcher.sees((change) => isSame(change.entry, entry));
    await a.serve('object', 'scorer-9', ({ byteLength }) => numbered(byteLength));
    await a.listen();
    expect(await b.ping('scorer-7', soon())).to.equal(true);
    expect(await b.read('scorer-7', 'object', { offset: 0, byteLength: 1000 }, soon())).to.deep.equal(numbered(1000));
    const claimed = await b.replace(entry, { ...entry.record, stage: 'owned' });
    expect(await a.find(entry.record)).to.deep.equal(claimed);
    await a.withdraw(claimed);
    expect(await b.find(entry.record)).to.equal(undefined);
    await a.store?.put('stored', 'scorer-9', 3, numbered(10));
    expect(await b.store?.get('scorer-7', 'stored', 3, soon())).to.deep.equal(numbered(10));
    await a.store?.drop('stored', 'scorer-9');
    expect(await reasonOf(b.store?.get('scorer-7', 'stored', 3, soon()))).to.equal('gone');
    await watcher.end();
  });

  it('lets the agents of its peers join, and share', async function () {
    requires(this, needs.fullUserfault);
    this.timeout(60_000);
    await using a = await joinCluster(nats({ ...options('SCORER_7'), create: false }), { as: 'scorer-7' });
    await using b = await joinCluster(nats({ ...options('SCORER_9'), create: false }), { as: 'scorer-9' });
    using region = allocate(UNIT);
    region.view().set(numbered(UNIT));
    await vmOffer(a.peer('scorer-9'), region, VMO_GRANT_R).announced;
    for await (const offer of incomingOffers({ from: b })) {
      using claim = await offer.claim();
      using _pin = await claim.ensure(0, UNIT);
      expect(Buffer.compare(claim.view(), numbered(UNIT))).to.equal(0);
      break;
    }
  });

  it('keeps a peer from reading, listing, claiming and answering for another', async () => {
    const victim = await peer('SCORER_7', 'scorer-7');
    const entry = await victim.announce(makeRecord('scorer-7', 'scorer-5'));
    await victim.serve('object', 'scorer-5', ({ byteLength }) => numbered(byteLength));
    await victim.store?.put('object', 'scorer-5', 0, numbered(10));
    const hostile = await program('SCORER_9', 'scorer-9');
    const key = `$KV.vmoffer.scorer-5.scorer-7.${entry.record.id}`;
    const stored = 'vmo-store.vmoffer.scorer-7.scorer-5.object.0';
    const forbidden = [
      key,
      'vmo.scorer-7.scorer-5.range.object',
      'vmo.scorer-7.scorer-5.agent',
      '_INBOX.scorer-7.abc',
      stored,
      '$JS.API.INFO',
      '$JS.API.STREAM.NAMES',
      '$JS.API.STREAM.LIST',
      '$JS.API.STREAM.INFO.KV_vmoffer',
      '$JS.API.STREAM.CREATE.other',
      '$JS.API.STREAM.UPDATE.KV_vmoffer',
      '$JS.API.STREAM.DELETE.KV_vmoffer',
      '$JS.API.STREAM.PURGE.KV_vmoffer',
      '$JS.API.STREAM.MSG.GET.KV_vmoffer',
      '$JS.API.STREAM.MSG.DELETE.KV_vmoffer',
      '$JS.API.DIRECT.GET.KV_vmoffer',
      `$JS.API.DIRECT.GET.KV_vmoffer.${key}`,
      '$JS.API.DIRECT.GET.VMO_STORE_vmoffer',
      `$JS.API.DIRECT.GET.VMO_STORE_vmoffer.${stored}`,
      '$JS.API.CONSUMER.LIST.KV_vmoffer',
      '$JS.API.CONSUMER.NAMES.KV_vmoffer',
      '$JS.API.CONSUMER.CREATE.KV_vmoffer',
      '$JS.API.CONSUMER.CREATE.KV_vmoffer.mine',
      '$JS.API.CONSUMER.CREATE.KV_vmoffer.mine.>',
      '$JS.API.CONSUMER.CREATE.KV_vmoffer.mine.$KV.vmoffer.>',
      '$JS.API.CONSUMER.CREATE.KV_vmoffer.mine.$KV.vmoffer.*.*.>',
      '$JS.API.CONSUMER.CREATE.KV_vmoffer.mine.$KV.vmoffer.scorer-5.>',
      '$JS.API.CONSUMER.CREATE.KV_vmoffer.mine.$KV.vmoffer.*.scorer-7.>',
      '$JS.API.CONSUMER.DURABLE.CREATE.KV_vmoffer.mine',
      '$JS.API.CONSUMER.MSG.NEXT.KV_vmoffer.mine',
    ];
    const allowed = [];
    for (const subject of forbidden) {
      const error = await errorOf(hostile.request(subject, '', { timeout: 5000 }).then(() => allowed.push(subject)));
      if (!/permissions violation/i.test((error as Error).message)) allowed.push(`${subject}: ${String(error)}`);
    }
    expect(allowed).to.deep.equal([]);
    expect(await victim.find(entry.record)).to.deep.equal(entry);
  });

  it('keeps a peer from listening for another', async () => {
    const hostile = await program('SCORER_9', 'scorer-9');
    const subjects = [
      '>',
      'vmo.>',
      'vmo.scorer-7.>',
      'vmo.*.scorer-9.>',
      '_INBOX.>',
      '_INBOX.scorer-7.>',
      '$KV.>',
      '$JS.>',
    ];
    for (const subject of subjects) {
      const refused = new Promise((resolve) => {
        hostile.subscribe(subject, { callback: resolve });
      });
      await hostile.flush();
      expect(String(await refused), subject).to.match(/permissions violation/i);
    }
  });

  it('keeps a peer that may write its own records from reading or removing others by that', async () => {
    const victim = await peer('SCORER_7', 'scorer-7');
    const entry = await victim.announce(makeRecord('scorer-7', 'scorer-5'));
    const hostile = await program('SCORER_9', 'scorer-9');
    const own = `$KV.vmoffer.scorer-9.scorer-9.${'0'.repeat(32)}`;
    const rollup = headers();
    rollup.set('Nats-Rollup', 'all');
    const rolledUp = await hostile.request(own, '', { timeout: 5000, headers: rollup });
    expect(rolledUp.json())
      .to.have.nested.property('error.description')
      .that.matches(/rollup/);
    const creation = '$JS.API.CONSUMER.CREATE.KV_vmoffer.mine.$KV.vmoffer.scorer-9.>';
    const config = {
      name: 'mine',
      filter_subject: '$KV.vmoffer.>',
      deliver_subject: '_INBOX.scorer-9.x',
      ack_policy: 'none',
    };
    const created = await hostile.request(creation, JSON.stringify({ stream_name: 'KV_vmoffer', config }), {
      timeout: 5000,
    });
    expect(created.json())
      .to.have.nested.property('error.description')
      .that.matches(/did not match/);
    expect(await victim.find(entry.record)).to.deep.equal(entry);
  });

  it('tells a peer that calls itself by another’s name that it may not', async () => {
    const liar = await peer('SCORER_9', 'scorer-7');
    expect(await reasonOf(liar.announce(makeRecord('scorer-7', 'scorer-9')))).to.equal('not-permitted');
    expect(await reasonOf(liar.serve('object', 'scorer-9', () => new Uint8Array(0)))).to.equal('not-permitted');
    const watching = errorOf(new Watcher(liar).ended);
    expect(await watching).to.have.property('reason', 'not-permitted');
  });

  it('shows another account nothing', async () => {
    const victim = await peer('SCORER_7', 'scorer-7');
    await victim.announce(makeRecord('scorer-7', 'scorer-9'));
    await victim.serve('object', 'scorer-9', ({ byteLength }) => numbered(byteLength));
    const stranger = await peer('STRANGER', 'scorer-9', { bucket: 'own', create: true });
    expect(await reasonOf(stranger.read('scorer-7', 'object', { offset: 0, byteLength: 1 }, soon()))).to.equal('gone');
    expect(await stranger.ping('scorer-7', soon())).to.equal(false);
    const heard: string[] = [];
    const hear = (_: unknown, { subject }: Msg) => {
      heard.push(subject);
    };
    const listener = await program('STRANGER', 'stranger');
    listener.subscribe('vmo.>', { callback: hear });
    listener.subscribe('$KV.vmoffer.>', { callback: hear });
    await listener.flush();
    await victim.announce(makeRecord('scorer-7', 'scorer-9'));
    await listener.flush();
    expect(heard).to.deep.equal([]);
  });

  it('says what to do when a peer may not make the bucket', async () => {
    const error = await errorOf(peer('SCORER_7', 'scorer-7', { create: true }));
    expect(error).to.have.property('reason', 'not-permitted');
    expect((error as Error).message).to.match(/createBucket/);
  });

  it('lets in neither a stranger’s key, nor a peer without a certificate, nor one with a stranger’s certificate', async function () {
    this.timeout(60_000);
    const { tls, ...others } = options('SCORER_7');
    const nkeySeed = join(authority.folder, 'unknown.nk');
    writeFileSync(nkeySeed, nkeys.createUser().getSeed());
    await errorOf(connectNats(nats({ ...others, tls: tls ?? {}, authenticator: { nkeySeed } }), 'scorer-7'));
    await errorOf(connectNats(nats({ ...others, tls: { ca: authority.cert } }), 'scorer-7'));
    using another = new Authority('somebody else');
    await errorOf(connectNats(nats({ ...others, tls: { ca: authority.cert, ...another.sign('peer') } }), 'scorer-7'));
  });

  it('is refused by a peer that trusts another authority, or nobody in particular', async () => {
    const { tls, ...others } = options('SCORER_7');
    using another = new Authority('somebody else');
    await errorOf(connectNats(nats({ ...others, tls: { ...tls, ca: another.cert } }), 'scorer-7'));
    await errorOf(connectNats(nats(others), 'scorer-7'));
  });
});

describe('a peer that wants TLS', () => {
  it('does not speak to a server that has none', async function () {
    requireNatsServer(this);
    await using server = await NatsServer.start();
    await errorOf(connectNats(nats({ servers: server.url, tls: {} }), 'a'));
  });
});

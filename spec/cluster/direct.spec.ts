import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { VMO_DISOWN, VMO_DROP_W, VMO_GRANT_R, VMO_GRANT_W } from 'vmoffer';
import type { DirectOptions } from 'vmoffer-cluster';
import { requireLoopback } from '../support/http-server.js';
import { projectRoot } from '../support/project.js';
import { rejectionOf } from '../support/vmo-error.js';
import { Authority } from './support/certificates.js';
import { freePorts } from './support/nats-server.js';
import { counter, ended, signal, type Program } from './support/programs.js';
import { useScene } from './support/scene.js';

const MIB = 1 << 20;
const UNIT = 256 * 1024;
const BYTES = 8 * MIB;
const UNITS = BYTES / UNIT;

describe('agents that reach each other directly', function () {
  this.timeout(60_000);
  let authority: Authority;
  const scene = useScene();

  before(() => (authority = new Authority('peers')));
  after(() => (authority as Authority | undefined)?.[Symbol.dispose]()); // before() may have skipped all

  const direct = (peer: string, advertise?: DirectOptions['advertise']): { direct: DirectOptions } => ({
    direct: {
      tls: authority.signPeer(peer),
      listen: { host: '127.0.0.1', port: 0 },
      ...(advertise && { advertise }),
    },
  });

  /** A claim of memory that the source offers so, all of it read. */
  const readAll = async (source: Program, claimer: Program, flags: number, durable = false) => {
    const region = await source.call('make', BYTES);
    const { handle } = await source.call('offer', region, 'b', flags, durable);
    const claim = await claimer.call('claim', (await claimer.call('nextOffer')).id);
    expect(await claimer.call('wrongWord', claim, 0, BYTES)).to.equal(undefined);
    return { claim, handle };
  };

  const countedBy = async (claimer: Program) => ({
    fetched: await counter(claimer, 'units_fetched_total'),
    direct: await counter(claimer, 'direct_reads_total'),
    fellBack: await counter(claimer, 'direct_fallbacks_total'),
  });

  for (const [what, flags] of [
    ['a share', VMO_GRANT_R],
    ['a share that nobody writes to, with its digests', VMO_GRANT_R | VMO_DROP_W],
    ['a hand-off', VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN],
  ] as const) {
    it(`carry the bytes of ${what} directly, all of them`, async () => {
      const source = await scene.stage.start('a', direct('a'));
      const claimer = await scene.stage.start('b', direct('b'));
      const { claim, handle } = await readAll(source, claimer, flags);
      expect(await countedBy(claimer)).to.deep.equal({ fetched: UNITS, direct: UNITS, fellBack: 0 });
      expect(await counter(source, 'ranges_served_total')).to.equal(UNITS);
      await claimer.call('release', claim);
      await source.call('released', handle);
    });
  }

  it('carry them by way of NATS where the port is closed', async () => {
    const [port = 0] = await freePorts(1);
    const source = await scene.stage.start('a', direct('a', { port }));
    const claimer = await scene.stage.start('b', direct('b'));
    await readAll(source, claimer, VMO_GRANT_R | VMO_DROP_W);
    const { fetched, direct: read, fellBack } = await countedBy(claimer);
    expect({ fetched, read }).to.deep.equal({ fetched: UNITS, read: 0 });
    expect(fellBack).to.be.within(1, UNITS);
  });

  it('carry them by way of NATS where one of them does not read directly, or does not listen', async () => {
    const source = await scene.stage.start('a', direct('a'));
    const claimer = await scene.stage.start('b');
    await readAll(source, claimer, VMO_GRANT_R);
    expect(await countedBy(claimer)).to.deep.equal({ fetched: UNITS, direct: 0, fellBack: 0 });
  });

  it('read directly without listening', async () => {
    const source = await scene.stage.start('a', direct('a'));
    const claimer = await scene.stage.start('b', { direct: { tls: authority.signPeer('b') } });
    await readAll(source, claimer, VMO_GRANT_R);
    expect(await countedBy(claimer)).to.deep.equal({ fetched: UNITS, direct: UNITS, fellBack: 0 });
  });

  it('leave what is durable in the store', async () => {
    const source = await scene.stage.start('a', direct('a'));
    const claimer = await scene.stage.start('b', direct('b'));
    await readAll(source, claimer, VMO_GRANT_R | VMO_DROP_W, true);
    expect(await countedBy(claimer)).to.deep.equal({ fetched: UNITS, direct: 0, fellBack: 0 });
  });

  it('are known to be gone within a second', async () => {
    const source = await scene.stage.start('a', direct('a'));
    const claimer = await scene.stage.start('b', direct('b'));
    const region = await source.call('make', BYTES);
    await source.call('offer', region, 'b', VMO_GRANT_R);
    const claim = await claimer.call('claim', (await claimer.call('nextOffer')).id);
    await claimer.call('ensure', claim, 0, UNIT);
    expect(await counter(claimer, 'direct_reads_total')).to.be.above(0);
    const from = performance.now();
    signal(source.agentPid, 'SIGKILL');
    await rejectionOf(claimer.call('ensure', claim, BYTES - UNIT, UNIT), 'ERR_VMO_PEER_GONE');
    expect(performance.now() - from).to.be.below(1000);
  });

  it('end with their programs, whatever connections they have', async () => {
    const source = await scene.stage.start('a', direct('a'));
    const claimer = await scene.stage.start('b', direct('b'));
    await readAll(source, claimer, VMO_GRANT_R);
    await claimer.call('leave');
    await ended(claimer.agentPid);
    await source.call('leave');
    await ended(source.agentPid);
  });

  it('say what is wrong with their option', async () => {
    const { direct: options } = direct('a');
    const wrong = { ...options, tls: { ...options.tls, cert: '/nowhere/a.pem' } };
    const error = await rejectionOf(scene.stage.start('a', { direct: wrong }), 'ERR_VMO_INVALID_ARGUMENT');
    expect(error.message).to.match(/direct\.tls: .*\/nowhere\/a\.pem/);
    await rejectionOf(
      scene.stage.start('a', { direct: { ...options, listen: { host: '::', port: 0 } } }),
      'ERR_VMO_INVALID_ARGUMENT',
    );
  });
});

describe('a closed way', function () {
  this.timeout(20_000);

  before(function () {
    requireLoopback(this);
  });

  it('keeps no process alive, with connections that are used, idle, and shaking hands', async () => {
    using authority = new Authority('peers');
    const tls = JSON.stringify({ a: authority.signPeer('a'), b: authority.signPeer('b') });
    const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, tls], {
      cwd: projectRoot,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const printed = child.stdout.setEncoding('utf8').toArray();
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    const [code] = (await once(child, 'close')) as [number | null];
    clearTimeout(timer);
    expect((await printed).join('')).to.equal('closed\n');
    expect(code).to.equal(0);
  });
});

/** Ends by itself once nothing keeps it alive, well before the time-outs of connections that stay open. */
const PROGRAM = `
import { connect } from 'node:net';
import { once } from 'node:events';
import { DirectEngine } from '#cluster/engine/direct/direct-engine.js';
import { MemoryHub } from '#cluster/engine/memory/memory-hub.js';

const tls = JSON.parse(process.argv[1]);
const hub = new MemoryHub();
let direct = 0;
const news = { readDirectly: () => direct++, fellBack: (why) => { throw why; } };
const a = await DirectEngine.start(hub.connect('a'), { tls: tls.a, listen: { host: '127.0.0.1', port: 0 } }, news);
const b = await DirectEngine.start(hub.connect('b'), { tls: tls.b }, news);
const record = { id: '0'.repeat(32), from: 'a', to: 'b', stage: 'offered', address: '0x1000', byteLength: 4096, flags: 1,
  object: 'o', unit: 65536, durable: false, nonce: 'n', direct: a.direct };
let tell;
const asked = new Promise((resolve) => (tell = resolve));
await a.serve('o', 'b', ({ offset, byteLength }) => {
  if (offset === 0) return new Uint8Array(byteLength);
  tell();
  return new Promise(() => undefined);
});
await a.announce(record);
for await (const change of b.watch(new AbortController().signal)) if (change.entry) break;
const read = (offset) => b.read('a', 'o', { offset, byteLength: 100 }, new AbortController().signal);
await Promise.all([read(0), read(0), read(0)]);
if (direct !== 3) throw new Error('they did not come directly');
const half = connect(a.direct.port, '127.0.0.1').unref();
half.on('error', () => undefined);
await once(half, 'connect');
const pending = read(1).catch(({ reason }) => reason);
await asked;
await b.close();
await a.close();
if ((await pending) !== 'closed') throw new Error('the read was not ended');
console.log('closed');
setTimeout(() => process.exit(1), 3000).unref();
`;

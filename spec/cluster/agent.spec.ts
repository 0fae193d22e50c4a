import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { VMO_DISOWN, VMO_GRANT_R, VMO_GRANT_W } from 'vmoffer';
import { until } from '../support/barriers.js';
import { NOBODY } from '../support/child.js';
import { needs, requires } from '../support/requires.js';
import { rejectionOf } from '../support/vmo-error.js';
import { Agents } from './support/agents.js';
import { freePorts } from './support/nats-server.js';
import { useScene } from './support/scene.js';

const BYTES = 4 << 20;

describe('an agent that runs by itself', function () {
  this.timeout(60_000);
  let agents: Agents;

  beforeEach(() => (agents = new Agents()));
  afterEach(() => agents[Symbol.asyncDispose]()); // before the stage, which waits for their ends
  const scene = useScene();

  function startAgent(as: string, ...args: string[]): Promise<string> {
    return agents.start(scene.stage.description(), as, { args });
  }

  it('serves all programs of its user, with one fetch for all of them', async () => {
    const source = await scene.stage.attach(await startAgent('a'));
    const path = await startAgent('b');
    const claimers = [await scene.stage.attach(path), await scene.stage.attach(path)];
    const region = await source.call('make', BYTES);
    for (const claimer of claimers) {
      await source.call('offer', region, 'b', VMO_GRANT_R);
      const claim = await claimer.call('claim', (await claimer.call('nextOffer')).id);
      await claimer.call('ensure', claim, 0, BYTES);
      expect(await claimer.call('wrongWord', claim, 0, BYTES)).to.equal(undefined);
    }
    expect(await claimers[0]?.call('metrics')).to.include(`bytes_fetched_total{peer="b"} ${BYTES}\n`);
  });

  it('has what was claimed of a program that has ended', async () => {
    const source = await scene.stage.attach(await startAgent('a'));
    const claimer = await scene.stage.start('b');
    const region = await source.call('make', BYTES);
    const { handle } = await source.call('offer', region, 'b', VMO_GRANT_R);
    const claim = await claimer.call('claim', (await claimer.call('nextOffer')).id);
    await source.call('claimed', handle);
    source.kill('SIGKILL');
    await source.ended;
    expect(await claimer.call('wrongWord', claim, 0, BYTES)).to.equal(undefined);
  });

  it('keeps what was handed off to a program that was killed meanwhile, for the next one', async () => {
    const source = await scene.stage.start('a');
    const path = await agents.start(scene.stage.description(scene.proxy.url), 'b');
    const [first, second] = [await scene.stage.attach(path), await scene.stage.attach(path)];
    const region = await source.call('make', BYTES);
    const { handle } = await source.call('offer', region, 'b', VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN);
    const { id } = await first.call('nextOffer');
    expect((await second.call('nextOffer')).id).to.equal(id);
    scene.proxy.bytesPerSecond = BYTES;
    const before = scene.proxy.passed.down;
    first.call('claim', id).catch(() => undefined); // it is killed
    await until('bytes have come', () => scene.proxy.passed.down - before > BYTES / 4);
    first.kill('SIGKILL');
    await first.ended;
    scene.proxy.bytesPerSecond = Infinity;
    expect(await source.call('claimed', handle)).to.equal('claimed');
    const claim = await second.call('claim', (await second.call('nextOffer')).id);
    expect(await second.call('wrongWord', claim, 0, BYTES)).to.equal(undefined);
  });

  it('tells Prometheus what it counts', async () => {
    const [port = 0] = await freePorts(1);
    await startAgent('a', '--metrics', String(port));
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { connection: 'close' } });
    expect(answer.headers.get('content-type')).to.include('version=0.0.4');
    expect(await answer.text()).to.match(/^vmoffer_agent_offers_sent_total\{peer="a"\} 0$/m);
  });

  it('lets no other user in', async function () {
    requires(this, needs.root);
    const path = await startAgent('a');
    chmodSync(agents.folder, 0o755); // so that the socket itself keeps others out
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    const text = `require('net').connect(process.argv[1]).on('error', (e) => console.log(e.code)).on('connect', () => process.exit())`;
    const { stdout } = spawnSync(process.execPath, ['-e', text, path], {
      uid: NOBODY,
      gid: NOBODY,
      encoding: 'utf8',
      cwd: '/',
    });
    expect(stdout.trim()).to.equal('EACCES');
  });

  it('is not believed where its socket is another user’s, who would be given the memory', async function () {
    requires(this, needs.root);
    const path = await startAgent('a');
    chownSync(path, NOBODY, NOBODY);
    await rejectionOf(scene.stage.attach(path), 'ERR_VMO_NOT_PERMITTED');
  });

  it('says that nobody listens where no agent is', async () => {
    await rejectionOf(scene.stage.attach(join(agents.folder, 'none.sock')), 'ERR_VMO_PEER_GONE');
  });
});

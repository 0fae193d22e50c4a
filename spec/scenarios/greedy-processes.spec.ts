import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { allocate, incomingOffers, vmClaim, vmListOffer, vmOffer, VMO_GRANT_R } from 'vmoffer';
import { askWhatIsHeld } from '#ts/held-claims.js';
import { until } from '../support/barriers.js';
import { startHostile, type Child, type ChildOptions } from '../support/child.js';
import { startObedient, type Obedient } from '../support/obedient.js';
import { expectPages, fillPages, PAGE } from '../support/pages.js';
import { needs, requires } from '../support/requires.js';
import { brokerSockets, ownPidNamespace } from '../support/sockets.js';
import { rejectionOf } from '../support/vmo-error.js';
import { runs, withDescriptors } from '../support/wrappers.js';

const SEED = 77;
const LIMIT = 256;
/** The connection that is being told that there is no room for it, and its pidfd. */
const BEING_REFUSED = 2;
const FEW_DESCRIPTORS = withDescriptors(LIMIT);
const IN_NEW_PIDS = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** How many connections the greedy processes keep, if each of them makes `count`. */
async function taken(greedy: Child, behaviour: string, connections: number, processes = 1): Promise<number[]> {
  greedy.say(`${behaviour} ${connections} ${processes}`);
  return greedy.event<number[]>('taken');
}

/** Checks that an honest process can claim, list, watch and inspect. */
async function expectToBeServed(source: Obedient): Promise<void> {
  const { region } = await source.call('allocate', 1, SEED);
  const { address } = await source.call('offer', process.pid, region, VMO_GRANT_R);
  expect((await vmListOffer()).map((offer) => offer.address)).to.include(address);
  for await (const offer of incomingOffers({ from: source.pid })) {
    if (offer.address === address) break;
  }
  using claim = await vmClaim(source.pid, address);
  expectPages(claim.view(), SEED);
}

describe('a process whose descriptors others try to use up', () => {
  let source: Obedient;
  let before: number;
  beforeEach(async () => {
    source = await startObedient({ wrapper: FEW_DESCRIPTORS });
    await source.call('list'); // its broker listens
    before = descriptorsOf(source.pid);
  });
  afterEach(() => source[Symbol.asyncDispose]());

  for (const behaviour of ['follows', 'says-nothing']) {
    it(`lets one process that ${behaviour.replaceAll('-', ' ')} take a quarter of them, and serves others`, async () => {
      await using greedy = await startHostile('greedy', [source.pid]);
      const [got] = await taken(greedy, behaviour, LIMIT);
      expect(got).to.be.within(8, LIMIT / 4 / 2);
      expect(descriptorsOf(source.pid) - before).to.be.within(8, LIMIT / 4 + BEING_REFUSED);
      await expectToBeServed(source);
    });
  }

  for (const processes of [3, 20]) {
    it(`lets ${processes} processes together take a half of them, and serves others`, async () => {
      await using greedy = await startHostile('greedy', [source.pid]);
      await taken(greedy, 'follows', LIMIT, processes);
      expect(descriptorsOf(source.pid) - before).to.be.within(LIMIT / 4, LIMIT / 2 + BEING_REFUSED);
      await expectToBeServed(source);
    });
  }

  it('lets all processes of another user take a half of that, and serves others', async function () {
    requires(this, needs.root);
    await using greedy = await startHostile('greedy', [source.pid], { user: 'nobody' });
    await taken(greedy, 'follows', LIMIT, 20);
    expect(descriptorsOf(source.pid) - before).to.be.within(8, LIMIT / 4 + BEING_REFUSED);
    await expectToBeServed(source);
    await using late = await startHostile('greedy', [source.pid]);
    expect((await taken(late, 'follows', 1))[0]).to.equal(1);
  });

  it('keeps no connection of a process whose question it has answered', async () => {
    await using greedy = await startHostile('greedy', [source.pid]);
    expect((await taken(greedy, 'asks-and-stays', 200))[0]).to.equal(200);
    await until('they are hung up on', () => descriptorsOf(source.pid) <= before);
  });

  it('keeps no descriptor for a process that has followed, was offered nothing, and lives on', async () => {
    await using greedy = await startHostile('greedy', [source.pid]);
    expect(await taken(greedy, 'follows-and-leaves', 2, 5)).to.deep.equal([2, 2, 2, 2, 2]);
    await until('none has left anything', () => descriptorsOf(source.pid) <= before);
  });

  it('respects the limit that it has now', async () => {
    const raised = spawnSync('prlimit', [`--pid=${source.pid}`, `--nofile=${LIMIT / 2}:${LIMIT}`]);
    expect(raised.status).to.equal(0);
    await using greedy = await startHostile('greedy', [source.pid]);
    await taken(greedy, 'follows', LIMIT, 3);
    expect(descriptorsOf(source.pid) - before).to.be.at.most(LIMIT / 4);
    await expectToBeServed(source);
  });
});

/** Processes outside its pid namespace have no pid in there. */
describe('a process in a pid namespace of its own, for those outside,', () => {
  let inside: Obedient;
  let address: string;
  before(function () {
    requires(this, runs(IN_NEW_PIDS));
  });
  beforeEach(async () => {
    inside = await startObedient({ wrapper: [...IN_NEW_PIDS, ...FEW_DESCRIPTORS] });
    await inside.call('list');
    const found = brokerSockets().find(({ pid, pidNamespace }) => pid === 1 && pidNamespace !== ownPidNamespace());
    address = found?.address ?? expect.fail('its broker is not to be found');
  });
  afterEach(() => inside[Symbol.asyncDispose]());

  it('answers one while another takes all it can', async () => {
    const outer = Number(readFileSync(`/proc/${inside.pid}/task/${inside.pid}/children`, 'utf8').trim());
    const before = descriptorsOf(outer);
    await using greedy = await startHostile('greedy', [address]);
    await taken(greedy, 'says-nothing', LIMIT, 1);
    expect(descriptorsOf(outer) - before).to.be.within(8, LIMIT / 4 + BEING_REFUSED);
    expect((await askWhatIsHeld()).find(({ pid }) => pid === outer)?.answer).to.equal('told');
  });

  it('keeps no connection of a process to which nothing can be offered', async () => {
    await using greedy = await startHostile('greedy', [address]);
    const outer = Number(readFileSync(`/proc/${inside.pid}/task/${inside.pid}/children`, 'utf8').trim());
    const before = descriptorsOf(outer);
    await taken(greedy, 'follows', 100);
    await until('they are hung up on', () => descriptorsOf(outer) <= before);
  });
});

/** The program itself uses all of them. */
describe('a source that has used up its descriptors', () => {
  const few: ChildOptions = { wrapper: FEW_DESCRIPTORS };
  let source: Obedient;
  let region: number;
  let address: bigint;
  beforeEach(async () => {
    source = await startObedient(few);
    ({ region } = await source.call('allocate', 1, SEED));
    ({ address } = await source.call('offer', process.pid, region, VMO_GRANT_R));
    await source.call('leaveDescriptors', 0);
  });
  afterEach(() => source[Symbol.asyncDispose]());

  it('tells every claimer so, at once and every time, and can be claimed from when it has some again', async () => {
    for (let round = 0; round < 20; round++) {
      const error = await rejectionOf(vmClaim(source.pid, address, { timeoutMs: 10_000 }), 'ERR_VMO_TOO_MANY');
      expect(error.message).to.include('at the source').and.to.include(String(LIMIT));
    }
    await source.call('freeDescriptors');
    using claim = await vmClaim(source.pid, address);
    expectPages(claim.view(), SEED);
  });

  it('notices that it has some again while it answers with the last', async function () {
    requires(this, needs.probe);
    await source.call('park', 'source.met');
    const refused = rejectionOf(vmClaim(source.pid, address, { timeoutMs: 10_000 }), 'ERR_VMO_TOO_MANY');
    await source.call('parked', 'source.met'); // it may not have read what that claim asks for
    await source.call('freeDescriptors');
    const claiming = vmClaim(source.pid, address);
    await rejectionOf(vmClaim(process.pid, BigInt(PAGE)), 'ERR_VMO_NOT_OFFERED'); // so the first claim has connected
    await source.call('unpark', 'source.met');
    using claim = await claiming;
    expectPages(claim.view(), SEED);
    await refused;
  });

  it('tells all of many so that claim at once', async () => {
    const claims = Array.from({ length: 50 }, () => vmClaim(source.pid, address, { timeoutMs: 10_000 }));
    const outcomes = await Promise.all(claims.map((claim) => rejectionOf(claim, 'ERR_VMO_TOO_MANY')));
    expect(outcomes).to.have.lengthOf(50);
  });

  it('tells a process to which it has offered nothing that nothing is offered', async () => {
    await using stranger = await startObedient();
    await rejectionOf(stranger.call('claim', source.pid, address), 'ERR_VMO_NOT_OFFERED');
  });

  it('tells what it offers', async () => {
    for (let round = 0; round < 5; round++) {
      expect((await vmListOffer()).map((offer) => offer.address)).to.include(address);
    }
  });

  it('tells what it holds', async () => {
    const holder = (await askWhatIsHeld()).find(({ pid }) => pid === source.pid);
    expect(holder?.answer).to.equal('told');
  });

  it('can still tell destinations of its offers', async () => {
    for await (const offer of incomingOffers({ from: source.pid })) {
      expect(offer.address).to.equal(address);
      break;
    }
  });

  it('answers in spite of processes that stay silent', async () => {
    await using greedy = await startHostile('greedy', [source.pid]);
    greedy.say('says-nothing 20 1');
    await rejectionOf(vmClaim(source.pid, address, { timeoutMs: 10_000 }), 'ERR_VMO_TOO_MANY');
    await greedy.event('taken');
  });

  it('tells a watcher of later offers, with and without descriptors', async () => {
    const { region: large } = await source.call('freeDescriptors').then(() => source.call('allocate', 4, SEED));
    const offers = incomingOffers({ from: source.pid })[Symbol.asyncIterator]();
    expect((await offers.next()).value).to.include({ address });
    await source.call('leaveDescriptors', 0);
    const without = await source.call('offerPages', process.pid, large, 0, 1, VMO_GRANT_R);
    expect((await offers.next()).value).to.include({ address: without.address });
    await source.call('freeDescriptors');
    const having = await source.call('offerPages', process.pid, large, 1, 1, VMO_GRANT_R);
    expect((await offers.next()).value).to.include({ address: having.address });
    await offers.return?.();
  });

  it('tells a watcher of later offers, though nobody watched when the first was made', async () => {
    await source.call('freeDescriptors');
    await using watcher = await startObedient();
    const { region: large } = await source.call('allocate', 2);
    const first = await source.call('offerPages', watcher.pid, large, 0, 1, VMO_GRANT_R);
    await watcher.call('watch', source.pid);
    expect(await watcher.event('incoming')).to.include({ id: first.id });
    await source.call('leaveDescriptors', 0);
    const second = await source.call('offerPages', watcher.pid, large, 1, 1, VMO_GRANT_R);
    expect(await watcher.event('incoming')).to.include({ id: second.id });
  });

  it('cannot offer to a process that it does not know, and names its own limit', async () => {
    await using stranger = await startObedient();
    await source.call('leaveDescriptors', 0); // what its broker was still closing is closed
    const error = await rejectionOf(source.call('offer', stranger.pid, region, VMO_GRANT_R), 'ERR_VMO_TOO_MANY');
    expect(error.message).to.not.include('at the source');
  });
});

it('a claimer that has used up its descriptors is told so, and does not blame its source', async () => {
  await using claimer = await startObedient({ wrapper: FEW_DESCRIPTORS });
  using region = allocate(PAGE);
  fillPages(region.view(), SEED);
  const offer = vmOffer(claimer.pid, region, VMO_GRANT_R);
  await claimer.call('list');
  await claimer.call('leaveDescriptors', 0);
  const error = await rejectionOf(claimer.call('claim', process.pid, offer.address), 'ERR_VMO_TOO_MANY');
  expect(error).to.include({ errno: 'EMFILE' });
  expect(error.message).to.not.include('at the source');
  offer.cancel();
});

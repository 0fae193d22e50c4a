import { expect } from 'chai';
import { VMO_DISOWN, VMO_DROP_W, VMO_GRANT_R, VMO_GRANT_W, type OfferEnding } from 'vmoffer';
import { startHostile, type Child, type ChildOptions } from '../../support/child.js';
import { startObedient, type Obedient } from '../../support/obedient.js';
import { needs, requires } from '../../support/requires.js';

type Results = Record<string, string>;
type User = NonNullable<ChildOptions['user']>;

const SEED = 381;
const PAGES = 4;
const SHARED = VMO_GRANT_R | VMO_GRANT_W;
const PUBLISHED = VMO_GRANT_R | VMO_DROP_W;

/** The routes that change memory. The others only show what may be done with it. */
function routesThat(changed: boolean, results: Results): string[] {
  const routes = Object.entries(results).filter(
    ([name]) => !name.startsWith('mapping it') && !name.startsWith('sealing'),
  );
  return routes.filter(([, result]) => (result === 'changed') === changed).map(([name]) => name);
}

const needsPtrace = (route: string) => route.endsWith('(ptrace)');

const processes: AsyncDisposable[] = [];
let source: Obedient;
let attacker: Child;
let region: number;

async function start(sourceUser: User, attackerUser: User): Promise<void> {
  source = await startObedient({ user: sourceUser });
  processes.push(source);
  attacker = await startHostile('write_attacks', [source.pid], { user: attackerUser });
  processes.push(attacker);
  ({ region } = await source.call('allocate', PAGES, SEED));
}

async function end(): Promise<void> {
  for (const process of processes.splice(0)) await process[Symbol.asyncDispose]();
}

async function attacked(flags: number): Promise<{ results: Results; ending: OfferEnding }> {
  const { address, offer } = await source.call('offer', attacker.pid, region, flags);
  attacker.say(String(address));
  const results = await attacker.event<Results>('results');
  return { results, ending: await source.call('claimed', offer) };
}

function expectNoSeals(results: Results): void {
  expect(results['sealing it against future writing']).to.equal('EPERM');
  expect(results['sealing it against writing']).to.equal('EPERM');
}

describe('a claimer of another user', () => {
  before(function () {
    requires(this, needs.root);
  });
  beforeEach(async () => {
    await start('same', 'nobody');
  });
  afterEach(end);

  it('that was granted R changes nothing by any route', async () => {
    const { results, ending } = await attacked(VMO_GRANT_R);
    expect(ending).to.equal('claimed');
    expect(routesThat(true, results)).to.deep.equal([]);
    expect(await source.call('difference', region, SEED)).to.be.undefined;
    expectNoSeals(results);
    const refused = ['EACCES', 'EPERM'];
    for (const route of Object.keys(results).filter(needsPtrace)) expect(results[route], route).to.be.oneOf(refused);
    for (const route of ['a shared mapping', 'opening it anew', 'changing its mode']) {
      expect(results[route], route).to.be.oneOf(refused);
    }
  });

  it('that was granted R can map it executable all the same: a memory object cannot deny that', async () => {
    expect((await attacked(VMO_GRANT_R)).results['mapping it to execute']).to.equal('no effect');
  });

  it('that was granted W can change it, and cannot seal it', async () => {
    const { results } = await attacked(SHARED);
    expect(routesThat(true, results)).to.include.members([
      'pwrite',
      'a shared mapping',
      'a mapping to read, made writable',
    ]);
    expectNoSeals(results);
    expect(results['making it shorter']).to.equal('EPERM');
    await source.call('writeAll', region, 7);
    expect(await source.call('read', region, 0)).to.equal(7);
  });
});

const SAME_USERS: { name: string; user: User }[] = [
  { name: 'this user', user: 'same' },
  { name: 'a user without privileges', user: 'nobody' },
];
for (const { name, user } of SAME_USERS) {
  describe(`a claimer of the same user as its source (${name})`, () => {
    before(function () {
      if (user === 'nobody') requires(this, needs.root);
    });
    beforeEach(async () => {
      await start(user, user);
    });
    afterEach(end);

    // As docs/security.md says: that user owns the inode, and may ptrace what it may send signals to.
    it('that was granted R can change it only by what a user may do to its own processes and files', async () => {
      const { results } = await attacked(VMO_GRANT_R);
      const changed = routesThat(true, results).filter((route) => !needsPtrace(route));
      expect(changed).to.include.members(['changing its mode', 'changing its mode, and a mapping']);
      const refused = ['pwrite', 'a shared mapping', 'a mapping to read, made writable', 'punching a hole'];
      for (const route of [...refused, 'a mapping to read, forced', 'a private mapping']) {
        expect(changed, route).not.to.include(route);
      }
      expectNoSeals(results);
    });

    for (const flags of [PUBLISHED, VMO_GRANT_R | VMO_DISOWN]) {
      const what = flags === PUBLISHED ? 'nobody is to write any more' : 'was disowned to it to read';
      it(`that was granted R of memory that ${what} changes nothing by any route`, async () => {
        const { results, ending } = await attacked(flags);
        expect(ending).to.equal('claimed');
        expect(routesThat(true, results)).to.deep.equal([]);
        expect(results['opening it anew']).to.be.oneOf(['EPERM', 'EACCES']);
        expect(results['changing its mode']).to.equal('EPERM');
        expect(results['changing its mode, and a mapping']).to.equal('EPERM');
      });
    }
  });
}

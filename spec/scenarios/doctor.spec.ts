import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Capabilities, Capability } from 'vmoffer';
import { NOBODY } from '../support/child.js';
import { projectRoot } from '../support/project.js';
import { describeForUsers, type User } from '../support/users.js';

const NAMES = [
  'memory objects',
  'process handles',
  'peer process handles',
  'unique process ids',
  'finding other processes',
  'page faults',
  'page faults, user mode only',
  'moving pages',
  'core affinity',
  'reserved huge pages',
  'transparent huge pages',
  'executable memory',
];

function runDoctor(user: User, ...args: string[]) {
  const identity = user === 'nobody' ? { uid: NOBODY, gid: NOBODY } : {};
  return spawnSync(process.execPath, [join(projectRoot, 'dist', 'cli', 'main.js'), 'doctor', ...args], {
    encoding: 'utf8',
    ...identity,
  });
}

describeForUsers('vmoffer doctor', (user) => {
  let found: Capabilities;
  let text: string;
  before(() => {
    const { status, stdout, stderr } = runDoctor(user, '--json');
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    found = JSON.parse(stdout) as Capabilities;
    text = runDoctor(user).stdout;
  });

  const unavailable = (): Capability[] => found.list.filter(({ available }) => !available);

  it('prints what was found as JSON when it is asked to', () => {
    expect(found).to.have.all.keys('kernelRelease', 'pageSize', 'list');
    expect(found.list.map(({ name }) => name)).to.deep.equal(NAMES);
  });

  it('has a cause and a remedy for every no, and for nothing else', () => {
    for (const { name, available, cause, remedy } of found.list) {
      expect([cause !== '', remedy !== ''], name).to.deep.equal([!available, !available]);
    }
  });

  it('prints one line for each capability', () => {
    for (const { name, available, detail } of found.list) {
      const line = text.split('\n').find((row) => row.startsWith(`${name}  `));
      expect(line, name)
        .to.include(available ? ' yes ' : ' no ')
        .and.include(detail);
    }
  });

  it('prints the cause and the remedy of every no', () => {
    for (const { cause, remedy } of unavailable()) expect(text).to.include(cause).and.include(remedy);
  });

  it('names the kernel, the page size and the version of Node.js', () => {
    expect(text.split('\n')[0])
      .to.include(found.kernelRelease)
      .and.include(found.pageSize)
      .and.include(process.version);
  });
});

describe('vmoffer doctor', () => {
  it('tells a user without privileges what forbids page faults, by its name', function () {
    if (process.getuid?.() !== 0) return void this.skip();
    const { list } = JSON.parse(runDoctor('nobody', '--json').stdout) as Capabilities;
    const faults = list.find(({ name }) => name === 'page faults') ?? expect.fail('it is not listed');
    if (faults.available) return void this.skip();
    expect(faults.cause + faults.remedy).to.match(/unprivileged_userfaultfd|seccomp|CONFIG_USERFAULTFD/);
    expect(faults.remedy).to.match(/sysctl|seccomp|none/);
  });
});

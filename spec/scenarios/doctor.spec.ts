import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { allocate, capabilities, type Capabilities, type Capability } from 'vmoffer';
import { NOBODY } from '../support/child.js';
import { claimOwn } from '../support/own-claim.js';
import { PAGE } from '../support/pages.js';
import { projectRoot } from '../support/project.js';
import { needs, requires } from '../support/requires.js';
import { describeForUsers, type User } from '../support/users.js';
import { afterMounting, runs, withoutSystemCalls, type Wrapper } from '../support/wrappers.js';

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

const DOCTOR = [process.execPath, join(projectRoot, 'dist', 'cli', 'main.js'), 'doctor'];

function runDoctor({ user = 'same', wrapper = [] }: { user?: User; wrapper?: Wrapper }, ...args: string[]) {
  const [command = '', ...rest] = [...wrapper, ...DOCTOR, ...args];
  const identity = user === 'nobody' ? { uid: NOBODY, gid: NOBODY } : {};
  return spawnSync(command, rest, { encoding: 'utf8', ...identity });
}

/** The doctor's finding on one capability, under these circumstances. */
function find(name: string, circumstances: { user?: User; wrapper?: Wrapper }): Capability {
  const { status, stdout, stderr } = runDoctor(circumstances, '--json');
  expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
  const { list } = JSON.parse(stdout) as Capabilities;
  return list.find((entry) => entry.name === name) ?? expect.fail(`it does not list '${name}'`);
}

describeForUsers('vmoffer doctor', (user) => {
  let found: Capabilities;
  let text: string;
  before(() => {
    const { status, stdout, stderr } = runDoctor({ user }, '--json');
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    found = JSON.parse(stdout) as Capabilities;
    text = runDoctor({ user }).stdout;
  });

  const unavailable = (): Capability[] => found.list.filter(({ available }) => !available);

  it('prints its findings as JSON if it is asked to', () => {
    expect(found).to.have.all.keys('kernelRelease', 'pageSize', 'list');
    expect(found.list.map(({ name }) => name)).to.deep.equal(NAMES);
  });

  it('has a cause and a remedy for every missing capability, and for no other', () => {
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

  it('prints the cause and the remedy of every missing capability', () => {
    for (const { cause, remedy } of unavailable()) expect(text).to.include(cause).and.include(remedy);
  });

  it('names the kernel, the page size and the version of Node.js', () => {
    expect(text.split('\n')[0])
      .to.include(found.kernelRelease)
      .and.include(found.pageSize)
      .and.include(process.version);
  });
});

/** Without any privilege, except these capabilities. */
function asNobody(...capabilities: string[]): Wrapper {
  const kept = capabilities.flatMap((name) => [`--inh-caps=+${name}`, `--ambient-caps=+${name}`]);
  return ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', ...kept];
}

const WITH_OPEN_DEVICE: Wrapper = [
  ...afterMounting(
    'mount -t tmpfs none /mnt && cp -a /dev/userfaultfd /mnt && chmod 666 /mnt/userfaultfd && mount --bind /mnt/userfaultfd /dev/userfaultfd',
  ),
  ...asNobody(),
];

describe('vmoffer doctor finds page faults', () => {
  before(function () {
    requires(this, needs.root, needs.userfault, runs(asNobody()));
    if (find('page faults', { wrapper: asNobody() }).available) this.skip();
  });

  it('forbidden by the setting and by the mode of the device, and shows their values', () => {
    const { cause, remedy } = find('page faults', { user: 'nobody' });
    expect(cause).to.include('vm.unprivileged_userfaultfd is 0').and.include('CAP_SYS_PTRACE');
    expect(cause).to.match(/\/dev\/userfaultfd (has mode 0[0-7]{3} and belongs to uid \d+|does not exist)/);
    expect(remedy).to.include('sysctl -w vm.unprivileged_userfaultfd=1');
  });

  it('forbidden by the setting, even if an unrelated seccomp filter is in force', () => {
    const { cause } = find('page faults', { user: 'nobody', wrapper: withoutSystemCalls('acct:EPERM') });
    expect(cause).to.include('vm.unprivileged_userfaultfd').and.not.include('seccomp');
  });

  it('missing from a kernel that is too old, whatever the setting says', () => {
    const { cause, remedy } = find('page faults', {
      user: 'nobody',
      wrapper: withoutSystemCalls('userfaultfd:EINVAL'),
    });
    expect(cause).to.include('this kernel').and.not.include('unprivileged_userfaultfd');
    expect(remedy).to.include('Linux 5.14');
  });

  it('unavailable to a process that has too many files open', () => {
    const { cause, remedy } = find('page faults', {
      user: 'nobody',
      wrapper: withoutSystemCalls('userfaultfd:EMFILE'),
    });
    expect(cause).to.include('Too many open files').and.not.include('unprivileged_userfaultfd');
    expect(remedy).to.include('ulimit -n');
  });

  it('allowed by CAP_SYS_PTRACE', function () {
    const wrapper = asNobody('sys_ptrace');
    requires(this, runs(wrapper));
    expect(find('page faults', { wrapper }).available).to.be.true;
  });

  it('allowed by a device that this user may open', function () {
    requires(this, runs(WITH_OPEN_DEVICE));
    expect(find('page faults', { wrapper: WITH_OPEN_DEVICE }).available).to.be.true;
  });
});

const REFUSALS: [name: string, rule: string, cause: string, remedy: string][] = [
  ['memory objects', 'memfd_create:ENOSYS', 'this kernel has no memfd_create', 'Linux 3.17'],
  ['memory objects', 'memfd_create:EPERM', 'Operation not permitted', 'seccomp profile'],
  ['process handles', 'pidfd_open:ENOSYS', 'this kernel has no pidfd_open', 'Linux 5.3'],
  ['process handles', 'pidfd_open:EPERM', 'Operation not permitted', 'seccomp profile'],
  ['peer process handles', 'getsockopt:ENOPROTOOPT:2:77', 'this kernel has no SO_PEERPIDFD', 'Linux 6.5'],
  ['page faults', 'ioctl:EINVAL:1:0xc018aa3f', 'no minor faults on shared memory', 'Linux 5.14'],
  ['page faults, user mode only', 'userfaultfd:EINVAL', 'no faults of user mode alone', 'Linux 5.11'],
  ['moving pages', 'ioctl:EINVAL:1:0xc018aa3f', 'UFFDIO_MOVE', 'none needed'],
  ['core affinity', 'sched_setaffinity:EPERM', 'Operation not permitted', 'seccomp profile'],
  ['transparent huge pages', 'madvise:EINVAL:2:25', 'shmem_enabled', 'transparent_hugepage'],
];

describe('vmoffer doctor reports a refusal:', () => {
  for (const [name, rule, cause, remedy] of REFUSALS) {
    it(`${name}, by ${rule}`, function () {
      if (name === 'transparent huge pages') requires(this, needs.noHugePagesOnAdvice);
      if (name === 'page faults') requires(this, needs.fullUserfault);
      const found = find(name, { wrapper: withoutSystemCalls(rule) });
      expect(found.available).to.be.false;
      expect(found.cause).to.include(cause);
      expect(found.remedy).to.include(remedy);
    });
  }
});

describe('vmoffer doctor agrees with', () => {
  it('the pages that a region gets', () => {
    const { list } = capabilities();
    const has = (name: string) => list.some((entry) => entry.name === name && entry.available);
    using region = allocate(2 ** 21, { hugePages: true });
    if (has('reserved huge pages')) expect(region.pages).to.equal('hugetlb');
    else expect(region.pages).to.equal(has('transparent huge pages') ? 'transparent-huge' : 'ordinary');
  });

  it('the paging that a claim gets, in its last line', () => {
    using region = allocate(64 * PAGE); // the kernel pages small claims everywhere
    using claim = claimOwn(region);
    const words = claim.paging === 'userfault' ? "paged by 'userfault'" : 'paged by the kernel';
    expect(runDoctor({}).stdout).to.match(new RegExp(`vmoffer works here.*${words}`));
  });

  it('a system on which nothing works', () => {
    const { stdout } = runDoctor({ wrapper: withoutSystemCalls('memfd_create:EPERM', 'pidfd_open:ENOSYS') });
    expect(stdout).to.match(/vmoffer cannot work here without memory objects and process handles/);
  });
});

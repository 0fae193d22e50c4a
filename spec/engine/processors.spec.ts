import { expect } from 'chai';
import { quotaOf } from '#ts/channel/waiting/processors.js';
import { probe } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';

describe('the processors that the control groups of a process allow it', () => {
  before(function () {
    requires(this, needs.probe);
  });

  const GROUPS = ['', '0::/\n', '0::/a\n', '0::/a/b\n', '1:name=systemd:/a\n0::/a/b\n'];
  const LIMITS: Record<string, string>[] = [
    {},
    { '/': 'max 100000\n' },
    { '/': '150000 100000\n' },
    { '/a/b/': '200000 100000\n', '/a/': '50000 100000\n' },
    { '/a/b/': '200000 100000\n', '/b/': '50000 100000\n' },
    { '/a/': 'max 100000\n', '/a/b/': '400000 100000\n' },
  ];

  for (const group of GROUPS) {
    for (const limits of LIMITS) {
      it(`are those that channels reckon with (${JSON.stringify(group)}, ${JSON.stringify(limits)})`, () => {
        const read = (path: string) =>
          path === '/proc/self/cgroup'
            ? group
            : (limits[path.replace('/sys/fs/cgroup', '').replace('cpu.max', '')] ?? '');
        expect(probe().processorQuota(read)).to.equal(quotaOf(read));
      });
    }
  }

  it('are the least of all groups over it', () => {
    const limits: Record<string, string> = { '/a/b/cpu.max': '200000 100000\n', '/a/cpu.max': '50000 100000\n' };
    const read = (path: string) =>
      path === '/proc/self/cgroup' ? '0::/a/b\n' : (limits[path.replace('/sys/fs/cgroup', '')] ?? '');
    expect(probe().processorQuota(read)).to.equal(0.5);
  });
});

describe('a thread that leaves its core', () => {
  before(function () {
    requires(this, needs.probe);
  });

  it('runs on another one, and may run on all of them as before', function () {
    requires(this, needs.severalCores);
    const cores = probe().allowedCores();
    let moves = 0;
    for (let times = 0; times < 20; times++) {
      const { from, to, allowed } = probe().leaveCore(cores);
      expect(allowed).to.deep.equal(cores);
      if (to !== from) moves++;
    }
    expect(moves).to.be.at.least(10); // the kernel may take it back at any time
  });

  it('stays where it is if it may run nowhere else', () => {
    for (const core of probe().allowedCores()) {
      expect(probe().leaveCore([core])).to.deep.equal({ from: core, to: core, allowed: [core] });
    }
  });
});

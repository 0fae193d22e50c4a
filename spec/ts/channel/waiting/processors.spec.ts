import { expect } from 'chai';
import { availableParallelism } from 'node:os';
import { quotaOf, usableProcessors } from '#ts/channel/waiting/processors.js';

/** The quota that a process in that group reads. */
function quotaIn(group: string, limits: Record<string, string>): number {
  return quotaOf((path) =>
    path === '/proc/self/cgroup' ? group : (limits[path.replace('/sys/fs/cgroup', '').replace('cpu.max', '')] ?? ''),
  );
}

describe('the processors that a process may use', () => {
  it('are no more than its affinity allows', () => {
    expect(usableProcessors()).to.be.within(0.01, availableParallelism());
  });

  it('have no limit if there are no control groups, or none with a limit', () => {
    expect(quotaIn('', {})).to.equal(Infinity);
    expect(quotaIn('0::/\n', { '/': 'max 100000\n' })).to.equal(Infinity);
    expect(quotaIn('1:name=systemd:/a\n0::/a/b\n', { '/a/b/': 'max 100000\n' })).to.equal(Infinity);
  });

  it('are limited by its own group, and by every group above it', () => {
    expect(quotaIn('0::/\n', { '/': '150000 100000\n' })).to.equal(1.5);
    expect(quotaIn('0::/a/b\n', { '/a/b/': '200000 100000\n', '/a/': '50000 100000\n' })).to.equal(0.5);
    expect(quotaIn('0::/a/b\n', { '/a/b/': '200000 100000\n', '/b/': '50000 100000\n' })).to.equal(2);
  });
});

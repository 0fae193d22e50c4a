/**
 * What a spec needs of the machine, the user or the build. A spec whose needs are not met is skipped, and says what would
 * make it run.
 */
import type { Context } from 'mocha';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, networkInterfaces } from 'node:os';
import { capabilities } from 'vmoffer';
import { isKernelFrom } from './kernel-version.js';
import { isProbeLoaded } from './probe.js';

const SHMEM_ENABLED = '/sys/kernel/mm/transparent_hugepage/shmem_enabled';

export interface Need {
  what: string;
  remedy: string;
  isMet(): boolean;
}

function capability(name: string, remedy?: string): Need {
  const found = () => capabilities().list.find((entry) => entry.name === name);
  return {
    what: `the capability '${name}'`,
    get remedy() {
      return remedy ?? found()?.remedy ?? '';
    },
    isMet: () => {
      const entry = found();
      if (!entry) throw new Error(`there is no capability '${name}'`);
      return entry.available;
    },
  };
}

const POOL_OF_2_MIB = '/sys/kernel/mm/hugepages/hugepages-2048kB';
const PRIVATE_HUGE_PAGES = '/sys/kernel/mm/transparent_hugepage/enabled';

export function nodeFrom(major: number): Need {
  return {
    what: `Node.js ${major} or later`,
    remedy: 'run the specs on it: PATH=…/bin:$PATH npm test',
    isMet: () => Number.parseInt(process.versions.node, 10) >= major,
  };
}

const CAP_SYS_ADMIN = 21n;

function hasCapability(number: bigint): boolean {
  const effective = /^CapEff:\s+([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> number) & 1n) === 1n;
}

export const needs = {
  root: { what: 'root', remedy: 'run the specs as root', isMet: () => process.getuid?.() === 0 },
  probe: {
    what: 'the addon `probe`',
    remedy: 'npm test builds and loads it; by hand: npm run build:probe, and VMOFFER_ADDON=probe in the environment',
    isMet: isProbeLoaded,
  },
  severalCores: {
    what: 'a second core',
    remedy: 'run on a machine, or in a cpuset, with two cores',
    isMet: () => availableParallelism() > 1,
  },
  refusalOfDescriptors: {
    what: 'SO_PASSRIGHTS',
    remedy: 'Linux 6.16 or later',
    isMet: () => isKernelFrom(6, 16),
  },
  fuse: {
    what: '/dev/fuse, and leave to mount a file system',
    remedy: 'modprobe fuse, and run the specs as root where that may mount (CAP_SYS_ADMIN)',
    isMet: () => existsSync('/dev/fuse') && hasCapability(CAP_SYS_ADMIN),
  },
  loopback: {
    what: 'a loopback interface that is up, or may be brought up',
    remedy: 'ip link set lo up, or run the specs as root',
    isMet: () => process.getuid?.() === 0 || networkInterfaces()['lo'] !== undefined,
  },
  faultsOfTheKernel: {
    what: 'a userfaultfd that holds up system calls',
    remedy: 'run the specs as root, or set vm.unprivileged_userfaultfd to 1',
    isMet: () =>
      process.getuid?.() === 0 || readFileSync('/proc/sys/vm/unprivileged_userfaultfd', 'latin1').trim() === '1',
  },
  systemCallsInSight: {
    what: "sight of its children's system calls, /proc/PID/syscall",
    remedy: 'a kernel with CONFIG_HAVE_ARCH_TRACEHOOK, and leave to ptrace',
    isMet: () => existsSync('/proc/self/syscall'),
  },
  fullUserfault: capability('page faults'),
  userfault: capability('page faults, user mode only'),
  movingPages: capability('moving pages'),
  privateHugePages: {
    what: 'transparent huge pages for private memory',
    remedy: `as root, echo madvise > ${PRIVATE_HUGE_PAGES}`,
    isMet: () => existsSync(PRIVATE_HUGE_PAGES) && !readFileSync(PRIVATE_HUGE_PAGES, 'utf8').includes('[never]'),
  },
  hugePageObjects: {
    what: 'memory objects of huge pages of 2 MiB, though none need be reserved',
    remedy: 'a kernel with CONFIG_HUGETLBFS',
    isMet: () => existsSync(POOL_OF_2_MIB),
  },
  reservedHugePages: capability('reserved huge pages'),
  transparentHugePages: capability('transparent huge pages'),
  noHugePagesOnAdvice: {
    what: 'shared memory that does not get huge pages on advice',
    remedy: 'echo never > /sys/kernel/mm/transparent_hugepage/shmem_enabled',
    isMet: () => /\[(never|deny)\]/.test(readFileSync(SHMEM_ENABLED, 'utf8')),
  },
} satisfies Record<string, Need>;

/**
 * For a `before` hook or a spec: skips it, and prints the reason, unless every need is met. Not for a `beforeEach` hook: Mocha
 * then still runs the `afterEach` hooks, and nothing was set up for them.
 */
export function requires(context: Context, ...wanted: Need[]): void {
  const { title } = context.runnable();
  if (title.startsWith('"before each" hook')) throw new Error(`requires() belongs in a before() hook, not in ${title}`);
  const unmet = wanted.filter((need) => !need.isMet());
  if (unmet.length === 0) return;
  for (const { what, remedy } of unmet) console.log(`      skipped: it needs ${what}; to run it: ${remedy}`);
  context.skip();
}

/** Describes the machine on which figures were taken. Without it they mean nothing. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { allocate, capabilities, type PageKind } from 'vmoffer';
import { compilerCommand } from './peers/build.js';
import { formatValue, MIB } from './units.js';

export interface Environment {
  cpu: string;
  cores: number;
  isVirtual: boolean;
  memoryBytes: number;
  pageBytes: number;
  kernel: string;
  node: string;
  compiler: string;
  library: string;
  /** The commit of the checkout, with `+` if files were changed; empty outside of a checkout. */
  commit: string;
  /** The pages that `allocate(…, { hugePages: true })` gets here. */
  hugePages: PageKind;
  /** The paging of a claim that does not ask for one. */
  paging: string;
}

export function describeEnvironment(environment: Environment): string {
  const { cpu, cores, isVirtual, memoryBytes, kernel, node, library, commit } = environment;
  const machine = `${cpu}, ${cores} cores${isVirtual ? ' (virtual)' : ''}, ${formatValue(memoryBytes, 'bytes')}`;
  return [machine, `Linux ${kernel}`, `Node.js ${node}`, `vmoffer ${library}${commit && ` (${commit})`}`].join(' · ');
}

export function currentEnvironment(): Environment {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    isVirtual: /^flags\s*:.*\bhypervisor\b/m.test(readFileSync('/proc/cpuinfo', 'latin1')),
    memoryBytes: totalmem(),
    pageBytes: capabilities().pageSize,
    kernel: release(),
    node: process.versions.node,
    compiler: firstLineOf(...compilerCommand(['--version'])),
    library: libraryVersion(),
    commit: currentCommit(),
    hugePages: hugePageKind(),
    paging: mayAnswerFaults() ? 'userfault' : 'kernel',
  };
}

function hugePageKind(): PageKind {
  using region = allocate(16 * MIB, { hugePages: true });
  return region.pages;
}

/** Whether claims are paged by the library, and all of their faults are heard, those of system calls included. */
export function mayAnswerFaults(): boolean {
  return has('page faults');
}

/** Whether claims and peers that ask for userfaultfd by name get it, even if only for faults in user mode. */
export function hasUserfault(): boolean {
  return has('page faults') || has('page faults, user mode only');
}

function has(capability: string): boolean {
  return capabilities().list.some(({ name, available }) => name === capability && available);
}

function libraryVersion(): string {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  return version;
}

function currentCommit(): string {
  const commit = firstLineOf('git', ['rev-parse', '--short', 'HEAD']);
  return commit && firstLineOf('git', ['status', '--porcelain', '--untracked-files=no']) ? `${commit}+` : commit;
}

/** Empty if there is no such program, or it fails. */
function firstLineOf(command: string, args: readonly string[]): string {
  try {
    const output = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return output.split('\n', 1)[0] ?? '';
  } catch {
    return '';
  }
}

import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../support/project.js';

const SCRIPT = join(projectRoot, 'scripts', 'seccomp-profile.mjs');
const ALLOW = 'SCMP_ACT_ALLOW';
const REFUSE = 'SCMP_ACT_ERRNO';
const ADDED = { names: ['userfaultfd'], action: ALLOW };

/** A small default with one rule of each kind in Docker's and Podman's profiles. */
const DEFAULT = {
  defaultAction: REFUSE,
  defaultErrnoRet: 1,
  archMap: [
    { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'] },
    { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] },
  ],
  syscalls: [
    { names: ['read', 'write'], action: ALLOW, args: [], comment: '', includes: {}, excludes: {} },
    { names: ['bpf', 'userfaultfd'], action: REFUSE, errnoRet: 1 },
    { names: ['ptrace'], action: ALLOW, includes: { minKernel: '4.8' } },
    { names: ['arch_prctl'], action: ALLOW, includes: { arches: ['amd64', 'x32'] } },
    { names: ['cacheflush'], action: ALLOW, includes: { arches: ['arm', 'arm64'] } },
    { names: ['mount'], action: ALLOW, includes: { caps: ['CAP_SYS_ADMIN'] } },
    {
      names: ['clone'],
      action: ALLOW,
      args: [{ index: 0, value: 2114060288, op: 'SCMP_CMP_MASKED_EQ' }],
      excludes: { caps: ['CAP_SYS_ADMIN'], arches: ['s390x'] },
    },
    { names: ['clone3'], action: REFUSE, errnoRet: 38, excludes: { caps: ['CAP_SYS_ADMIN'] } },
  ],
};

interface Profile {
  architectures?: string[];
  archMap?: unknown[];
  syscalls: { names: string[]; action: string }[];
}

function run(args: string[], input: unknown) {
  return spawnSync(process.execPath, [SCRIPT, ...args], { input: JSON.stringify(input), encoding: 'utf8' });
}

function profileOf(args: string[], input: unknown = DEFAULT): Profile {
  const { stdout, stderr } = run([...args, '-'], input);
  expect(stderr).to.equal('');
  return JSON.parse(stdout) as Profile;
}

function namesOf({ syscalls }: Profile): string[] {
  return syscalls.flatMap(({ names }) => names);
}

describe('the seccomp profile for containers', () => {
  it('is the default profile plus one rule for userfaultfd', () => {
    const others = DEFAULT.syscalls.map((rule) => (rule.names.includes('bpf') ? { ...rule, names: ['bpf'] } : rule));
    expect(profileOf([])).to.deep.equal({ ...DEFAULT, syscalls: [...others, ADDED] });
  });

  it('drops rules that were only about userfaultfd', () => {
    const alone = { ...DEFAULT, syscalls: [{ names: ['userfaultfd'], action: REFUSE }] };
    expect(profileOf([], alone).syscalls).to.deep.equal([ADDED]);
  });

  it('for OCI grants nothing that the default grants only to a capability or on another architecture', () => {
    const profile = profileOf(['--oci', 'x64']);
    expect(namesOf(profile)).to.deep.equal([
      ...['read', 'write', 'bpf', 'ptrace', 'arch_prctl', 'clone', 'clone3', 'userfaultfd'],
    ]);
    expect(profile.architectures).to.deep.equal(['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32']);
    expect(namesOf(profileOf(['--oci', 'arm64'])))
      .to.include('cacheflush')
      .and.not.include('arch_prctl');
  });

  it('for OCI has no conditions, which are unknown there, and keeps arguments and errors', () => {
    const { archMap, syscalls } = profileOf(['--oci', 'x64']);
    expect(archMap).to.be.undefined;
    for (const rule of syscalls) expect(rule).to.have.any.keys('names').and.not.have.any.keys('includes', 'excludes');
    expect(syscalls).to.deep.include({ names: ['clone3'], action: REFUSE, errnoRet: 38 });
    expect(syscalls.find(({ names }) => names.includes('clone')))
      .to.have.property('args')
      .with.lengthOf(1);
  });

  it('is made only from profiles, and for known architectures', () => {
    for (const [args, input, message] of [
      [['-'], { syscalls: 'none' }, 'is no seccomp profile'],
      [[], DEFAULT, 'usage'],
      [['--oci', 'vax', '-'], DEFAULT, 'x64 or arm64, not vax'],
    ] as const) {
      const { status, stderr, stdout } = run([...args], input);
      expect(status).to.equal(2);
      expect(stderr).to.include(message);
      expect(stdout).to.equal('');
    }
  });
});

import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from '../support/project.js';

const SCRIPT = join(projectRoot, 'scripts', 'build-native.mjs');
const DEBIAN = 'ID=debian\n';

interface Missing {
  need: string;
  finding: string;
}

interface InstallHint {
  describeMissing(missing: Missing[], osRelease: string): string;
}

const hint = await (import(
  pathToFileURL(join(projectRoot, 'scripts', 'build-native', 'install-hint.mjs')).href
) as Promise<InstallHint>);

describe('building from source', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vmoffer-tools-'));
    mkdirSync(join(folder, 'bin'));
    symlinkSync('/bin/sh', join(folder, 'bin', 'sh'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** Makes a shell script of that name, which answers its arguments by these `case` clauses. */
  function fake(name: string, cases: string): string {
    const path = join(folder, 'bin', name);
    writeFileSync(path, `#!/bin/sh\ncase "$*" in ${cases} esac\n`, { mode: 0o755 });
    return path;
  }

  function build(env: NodeJS.ProcessEnv) {
    const path = join(folder, 'bin');
    const options = { encoding: 'utf8', env: { ...process.env, CXX: undefined, PATH: path, ...env } } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT], options);
    return { status, lines: `${stdout}${stderr}`.trimEnd().split('\n') };
  }

  it('reports everything that is missing at once, how to install it, and nothing else', () => {
    const { status, lines } = build({});
    expect(status).to.equal(1);
    expect(lines[0]).to.equal('The native addon cannot be built here:');
    expect(lines).to.include('  - no make');
    for (const what of [/no .*python/, /no g\+\+: g\+\+ 10 or later/, /install|add/]) {
      expect(
        lines.some((line) => what.test(line)),
        `${what} in ${lines.join('\n')}`,
      ).to.be.true;
    }
    expect(lines.length).to.be.at.most(10);
  });

  it('reports a compiler that is too old', () => {
    for (const name of ['make', 'python3']) fake(name, '*) ;;');
    const CXX = fake('g++-9', '*gnu++20*) exit 1;; *dump*) echo 9.4.0;;');
    const { status, lines } = build({ CXX, PYTHON: 'python3', npm_config_python: undefined });
    expect(status).to.equal(1);
    expect(lines[1]).to.match(/^ {2}- .*g\+\+-9 9\.4\.0 does not know C\+\+20: g\+\+ 10 or later is needed/);
  });

  it('reports missing kernel headers', () => {
    for (const name of ['make', 'python3']) fake(name, '*) ;;');
    const CXX = fake('g++', '*) while read -r line; do case $line in *userfaultfd*) exit 1;; esac; done;;');
    const { lines } = build({ CXX, PYTHON: 'python3', npm_config_python: undefined });
    expect(lines[1]).to.match(/^ {2}- no headers of the kernel's interface/);
  });
});

describe('what is missing for a build', () => {
  const missing = ['python3', 'make', 'g++', 'linux-headers'].map((need) => ({ need, finding: `no ${need}` }));

  function commandsOn(osRelease: string): string[] {
    const lines = hint.describeMissing(missing, osRelease).split('\n');
    return lines.filter((line) => line.startsWith('    ')).map((line) => line.trim());
  }

  it("is installed with the distribution's own command", () => {
    expect(commandsOn(DEBIAN)).to.deep.equal(['apt-get install python3 make g++ linux-libc-dev']);
    expect(commandsOn('NAME="Linux Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\n')).to.deep.equal(commandsOn(DEBIAN));
    expect(commandsOn('ID="rocky"\nID_LIKE="rhel centos fedora"')).to.deep.equal([
      'dnf install python3 make gcc-c++ kernel-headers',
    ]);
    expect(commandsOn('ID=alpine\n')).to.deep.equal(['apk add python3 make g++ linux-headers']);
  });

  it('is installed with one of three commands on an unknown distribution', () => {
    expect(commandsOn('ID=nixos\n').map((line) => line.split(' ')[0])).to.deep.equal(['apt-get', 'dnf', 'apk']);
    expect(commandsOn('')).to.have.lengthOf(3);
  });
});

import { expect } from 'chai';
import { explainLoadFailure } from '#ts/loading/explain-load-failure.js';
import type { LoadFacts, LoadFailure } from '#ts/loading/load-facts.js';

const BUILT = 'build/Release/vmoffer.node';
const PREBUILT = 'prebuilds/linux-x64.node';

const FACTS: LoadFacts = {
  platform: 'linux',
  arch: 'x64',
  runtime: 'Node.js 24.21.0',
  glibcVersion: '2.36',
  hasOtherLibc: false,
  isForbidden: false,
  permissionOption: '--permission',
  packageFolder: '/app/node_modules/vmoffer',
  isInstalled: true,
  manager: 'npm',
  prebuilds: ['linux-arm64.node', 'linux-x64.node'],
  attempts: [{ file: BUILT }, { file: PREBUILT }],
};

const BUILD =
  'node /app/node_modules/vmoffer/scripts/build-native.mjs  (it needs python3, make and g++ 10 or later (C++20))';

function explain(facts: Partial<LoadFacts>): string {
  return explainLoadFailure({ ...FACTS, ...facts });
}

/** The prebuilt addon fails with this message, and nothing has been built. */
function explainFailure(message: string, failure: Partial<LoadFailure> = {}, facts: Partial<LoadFacts> = {}): string {
  const attempts = [
    { file: BUILT },
    { file: PREBUILT, failure: { code: 'ERR_DLOPEN_FAILED', machine: 'x64', message, ...failure } },
  ];
  return explain({ attempts, ...facts });
}

describe('why the addon does not load, and what to do', () => {
  it('another system', () => {
    expect(explain({ platform: 'darwin', attempts: [] })).to.equal(
      'vmoffer needs Linux (memfd, userfaultfd); this is darwin: run it in a Linux machine or container',
    );
  });

  it('a processor without a binary', () => {
    const message = explain({ arch: 'riscv64', attempts: [{ file: BUILT }, { file: 'prebuilds/linux-riscv64.node' }] });
    expect(message).to.equal(
      'the native addon cannot be loaded in /app/node_modules/vmoffer: there is no build/Release/vmoffer.node; there is no ' +
        'prebuilds/linux-riscv64.node. It has linux-arm64.node and linux-x64.node alone, none for linux-riscv64, and ' +
        `installing it builds nothing. Build it: ${BUILD}`,
    );
  });

  it('a package without binaries', () => {
    expect(explain({ prebuilds: [] })).to.include(
      'This package came without binaries, and installing it builds nothing. Build it: ',
    );
  });

  it('a checkout in which nothing has been built', () => {
    const message = explain({ packageFolder: '/src/vmoffer', isInstalled: false, manager: undefined, prebuilds: [] });
    expect(message).to.include('nothing has been built yet. Build it: cd /src/vmoffer && npm run build:native  (');
  });

  it('never tells anybody to run what the package managers block', () => {
    for (const manager of ['npm', 'pnpm', 'yarn', 'bun', undefined] as const) {
      expect(explain({ manager })).to.not.match(/\brebuild\b/);
    }
  });

  it("builds with the package manager's own tools", () => {
    const script = '/app/node_modules/vmoffer/scripts/build-native.mjs';
    expect(explain({ manager: 'pnpm' })).to.include(`Build it: node ${script}  (`);
    expect(explain({ manager: 'yarn' })).to.include(`Build it: yarn node ${script}  (`);
    expect(explain({ manager: 'bun' })).to.include(`Build it: bun ${script}  (`);
  });

  it('quotes a path that a shell would split', () => {
    expect(explain({ packageFolder: "/it's my/app/node_modules/vmoffer" })).to.include(
      String.raw`node '/it'\''s my/app/node_modules/vmoffer'/scripts/build-native.mjs`,
    );
  });

  it('another C library', () => {
    const message = explain({ hasOtherLibc: true, glibcVersion: undefined, attempts: [{ file: BUILT }] });
    expect(message)
      .to.include("This system's C library is not glibc")
      .and.to.include('node:24-slim instead of node:24-alpine');
    expect(message).to.include(`Building it here is not tested: ${BUILD}`);
  });

  it('an addon for glibc on another C library', () => {
    const message = explainFailure('Error loading shared library ld-linux-x86-64.so.2: No such file or directory');
    expect(message).to.include(`${PREBUILT} was built for another C library than this system has (Error loading`);
  });

  it('a glibc that is too old', () => {
    const dlopen = "/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by /app/x.node)";
    expect(explainFailure(dlopen)).to.include(
      `${PREBUILT} needs glibc 2.38, and this system has 2.36. Use a newer release of the distribution, or build it here: ${BUILD}`,
    );
  });

  it('a C++ library that is too old', () => {
    const dlopen = "/lib/x86_64-linux-gnu/libstdc++.so.6: version `GLIBCXX_3.4.30' not found (required by /app/x.node)";
    expect(explainFailure(dlopen))
      .to.include('was built for a newer C++ library')
      .and.to.include(`Build it here: ${BUILD}`);
  });

  it('another processor', () => {
    const message = explainFailure('cannot open shared object file: No such file or directory', { machine: 'arm64' });
    expect(message).to.include(
      `${PREBUILT} is for arm64, and this Node.js 24.21.0 is for x64. Install the dependencies on this`,
    );
  });

  it('a file that is no addon', () => {
    const message = explainFailure('invalid ELF header', { machine: undefined });
    expect(message).to.include(
      `${PREBUILT} is no ELF file (invalid ELF header). Install the package again, or build it here`,
    );
  });

  it('a damaged file', () => {
    expect(explainFailure('file too short')).to.include(
      'is damaged (file too short). Install the package again, or build',
    );
  });

  it('an addon for another Node', () => {
    for (const text of ['undefined symbol: napi_add', 'Module did not self-register', 'NODE_MODULE_VERSION 115']) {
      const message = explainFailure(text);
      expect(message).to.include(
        `was built for another runtime than this Node.js 24.21.0 (${text}). Build it here: ${BUILD}`,
      );
    }
  });

  it("Node's permission model", () => {
    const message = explainFailure('Cannot load native addon', { code: 'ERR_DLOPEN_DISABLED' }, { isForbidden: true });
    expect(message).to.equal(
      "Node's permission model forbids native addons (--permission without --allow-addons), and vmoffer is one: start " +
        'Node.js with --permission --allow-addons and --allow-fs-read for the program and its node_modules; vmoffer needs ' +
        'no other permission',
    );
  });

  it('addons that are switched off', () => {
    const message = explainFailure('Cannot load native addon', { code: 'ERR_DLOPEN_DISABLED' });
    expect(message).to.include('--no-addons').and.to.not.include('--permission');
  });

  it("Deno's permissions", () => {
    expect(explainFailure('Requires ffi access, run again with the --allow-ffi flag')).to.match(
      /may not be loaded .*\. Start Deno with --allow-ffi$/,
    );
  });

  it('anything else, in the words of the system', () => {
    const message = explainFailure('cannot allocate memory in static TLS block');
    expect(message).to.include(`${PREBUILT} fails to load (cannot allocate memory in static TLS block). Build it here`);
  });

  it('reports what happened with each file', () => {
    const failure = { code: 'ERR_DLOPEN_FAILED', machine: 'arm64', message: 'x' };
    const other = { ...failure, machine: 'x64', message: 'file too short' };
    const message = explain({
      attempts: [
        { file: BUILT, failure },
        { file: PREBUILT, failure: other },
      ],
    });
    expect(message).to.include(`${BUILT} is for arm64`).and.to.include(`; ${PREBUILT} is damaged`);
  });
});

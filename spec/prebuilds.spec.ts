import { expect } from 'chai';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { binaryRules, releaseBinaries, type DynamicSymbol } from './support/binaries.js';
import { projectRoot } from './support/project.js';
import { requires } from './support/requires.js';

const MACHINES: Record<string, number> = { x64: 62, arm64: 183 };
const BUILD = join('build', 'Release');

const releaseBinary = {
  what: 'a release binary in prebuilds/',
  remedy: 'npm run prebuild makes them',
  isMet: () => releaseBinaries().length > 0,
};

function builtHere(name: string) {
  return {
    what: `${BUILD}/${name}.node`,
    remedy: `npm run build:${name === 'probe' ? 'probe' : 'native'}`,
    isMet: () => existsSync(join(projectRoot, BUILD, `${name}.node`)),
  };
}

function imported(name: string, version = '', library = '', isWeak = false): DynamicSymbol {
  return { name, version, library, isDefined: false, isWeak };
}

function exported(...names: string[]): DynamicSymbol[] {
  return names.map((name) => ({ name, version: '', library: '', isDefined: true, isWeak: false }));
}

describe('the binaries of the addon', () => {
  let rules: Awaited<ReturnType<typeof binaryRules>>;
  before(async () => {
    rules = await binaryRules();
  });

  describe('are judged by rules that', () => {
    const problems = (symbol: DynamicSymbol, isRelease = true) => rules.problemsOfImports([symbol], { isRelease });

    it('let them need Node-API and the C library', () => {
      const allowed = [
        imported('napi_create_object'),
        imported('node_api_symbol_for'),
        imported('memcpy', 'GLIBC_2.14', 'libc.so.6'),
        imported('dlsym', 'GLIBC_2.2.5', 'libc.so.6'),
        imported('__tls_get_addr', 'GLIBC_2.3', 'ld-linux-x86-64.so.2'),
        imported('_ITM_registerTMCloneTable', '', '', true),
      ];
      expect(rules.problemsOfImports(allowed, { isRelease: true })).to.deep.equal([]);
    });

    it('refuse a binary that needs V8, libuv, or a symbol that nothing defines', () => {
      for (const name of ['_ZN2v87Isolate10GetCurrentEv', 'uv_poll_init', '_ZN4node9AddonData', 'made_up']) {
        for (const isRelease of [true, false]) expect(problems(imported(name), isRelease), name).to.have.length(1);
      }
      expect(problems(imported('SSL_new', 'OPENSSL_3.0.0', 'libssl.so.3'))).to.have.length(1);
    });

    it('let only a release bring libstdc++ along', () => {
      const symbol = imported('_Znwm', 'GLIBCXX_3.4', 'libstdc++.so.6');
      expect(problems(symbol)).to.deep.equal(["_Znwm@GLIBCXX_3.4 is neither Node-API's nor the C library's"]);
      expect(problems(symbol, false)).to.deep.equal([]);
    });

    it('let a release need no glibc later than 2.31', () => {
      for (const [version, count] of [
        ['GLIBC_2.31', 0],
        ['GLIBC_2.9', 0],
        ['GLIBC_2.32', 1],
        ['GLIBC_3.0', 1],
      ] as const) {
        expect(problems(imported('f', version, 'libc.so.6')), version).to.have.length(count);
      }
    });

    it('let a release need no feature of a later loader, even without a symbol that needs it', () => {
      expect(rules.problemsOfVersions(['GLIBC_2.2.5', 'GLIBC_2.31'])).to.deep.equal([]);
      for (const version of ['GLIBC_2.36', 'GLIBC_ABI_DT_RELR', 'GLIBC_PRIVATE']) {
        expect(rules.problemsOfVersions([version]), version).to.have.length(1);
      }
    });

    it('make a release export exactly the symbols that Node needs', () => {
      const needed = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];
      expect(rules.problemsOfExports(exported(...needed))).to.deep.equal([]);
      expect(rules.problemsOfExports(exported(...needed, '_ZNSt6vectorIiE'))).to.have.length(1);
      expect(rules.problemsOfExports(exported('napi_register_module_v1'))).to.have.length(1);
    });
  });

  for (const name of ['vmoffer', 'probe']) {
    it(`that are built here need only Node-API and system libraries (${name})`, function () {
      requires(this, builtHere(name));
      const { symbols } = rules.readElf(join(projectRoot, BUILD, `${name}.node`));
      expect(symbols.filter(({ name }) => name.startsWith('napi_')).length).to.be.greaterThan(20);
      expect(rules.problemsOfImports(symbols, { isRelease: false })).to.deep.equal([]);
    });
  }

  describe('of a release', () => {
    before(function () {
      requires(this, releaseBinary);
    });

    it('are for the machines in their names', () => {
      for (const path of releaseBinaries()) {
        const [, arch = ''] = /^prebuilds\/linux-(\w+)\.node$/.exec(path) ?? [];
        expect(rules.readElf(join(projectRoot, path)).machine, path).to.equal(MACHINES[arch]);
      }
    });

    it('load with glibc 2.31, export what Node needs, and are small', () => {
      for (const path of releaseBinaries()) {
        const { neededVersions, symbols } = rules.readElf(join(projectRoot, path));
        expect(neededVersions, path).to.not.be.empty;
        expect(rules.problemsOfVersions(neededVersions), path).to.deep.equal([]);
        expect(rules.problemsOfImports(symbols, { isRelease: true }), path).to.deep.equal([]);
        expect(rules.problemsOfExports(symbols), path).to.deep.equal([]);
        expect(statSync(join(projectRoot, path)).size, path).to.be.at.most(rules.MAX_RELEASE_BYTES);
      }
    });
  });
});

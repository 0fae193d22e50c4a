import { expect } from 'chai';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as vmoffer from 'vmoffer';
import { filesBelow, projectRoot, readProjectFile } from './support/project.js';

interface Manifest {
  name: string;
  version: string;
  exports: { '.': { types: string; default: string } };
  bin: { vmoffer: string };
  engines: { node: string };
  gypfile?: boolean;
  preferUnplugged: boolean;
  files: string[];
  scripts: Record<string, string>;
}

const manifest = JSON.parse(readProjectFile('package.json')) as Manifest;

const VALUES = [
  'Channel',
  'Claim',
  'IncomingOffer',
  'Offer',
  'Region',
  'RegionRange',
  'ResidencyMap',
  'SuppliedRegion',
  'SupplyPin',
  'VMO_DISOWN',
  'VMO_DROP_R',
  'VMO_DROP_W',
  'VMO_DROP_X',
  'VMO_GRANTALL',
  'VMO_GRANT_R',
  'VMO_GRANT_W',
  'VMO_GRANT_X',
  'VmoError',
  'allocate',
  'capabilities',
  'claimFrom',
  'fileRange',
  'httpLength',
  'httpRange',
  'incomingOffers',
  'loadSupplier',
  'offerTo',
  'offersFrom',
  'supply',
  'vmClaim',
  'vmClaimSync',
  'vmListOffer',
  'vmListOfferSync',
  'vmOffer',
];

function run(...args: string[]): string {
  return execFileSync(process.execPath, args, { encoding: 'utf8', cwd: projectRoot });
}

/** The files that `npm pack` would put into the package. */
function packedPaths(): string[] {
  const listing = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: projectRoot,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ files } = { files: [] }] = JSON.parse(listing) as { files: { path: string }[] }[];
  return files.map(({ path }) => path);
}

describe('the package', () => {
  it('exports the names of the design, and no others', () => {
    expect(Object.keys(vmoffer).sort()).to.deep.equal([...VALUES].sort());
  });

  it('can be required, and gives the same objects as import', () => {
    const found = JSON.parse(run('out/js/fixtures/require-package.cjs')) as { names: string[]; differing: string[] };
    expect(found.names).to.include.members(VALUES);
    expect(found.differing).to.deep.equal([]);
  });

  it('has code and types where its exports say', () => {
    const { types, default: code } = manifest.exports['.'];
    for (const path of [types, code]) expect(existsSync(join(projectRoot, path)), path).to.be.true;
  });

  it('keeps its inside to itself', async () => {
    const inside = 'vmoffer/dist/load-addon.js';
    const error = await import(inside).then(
      () => undefined,
      (reason: unknown) => reason as NodeJS.ErrnoException,
    );
    expect(error?.code).to.equal('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  it('awaits nothing at top level, which require() does not allow', () => {
    for (const file of filesBelow('ts', /\.ts$/))
      expect(readProjectFile(file), file).to.not.match(/^(?!\s|\/|export|async).*\bawait\b/m);
  });

  it('does not load the addon before it is needed', () => {
    const script = `import 'vmoffer'; console.log(process.report.getReport().sharedObjects.filter((path) => path.endsWith('.node')).length)`;
    expect(run('--input-type=module', '--eval', script).trim()).to.equal('0');
  });

  it("does not load Node's HTTP client before it is needed", () => {
    const script = `import { httpRange } from 'vmoffer'; httpRange('https://example.org'); console.log(process.moduleLoadList.filter((name) => /http|tls/.test(name)).join())`;
    expect(run('--input-type=module', '--eval', script).trim()).to.equal('');
  });

  it('contains everything needed to build it, and neither specs nor files that were built here', () => {
    const paths = packedPaths();
    const needed = [
      ...filesBelow('engine', /\.(cc|h)$/),
      ...filesBelow('native', /\.(cc|h)$/),
      ...filesBelow('ts', /\.ts$/),
      ...filesBelow('scripts/build-native', /\.mjs$/),
    ];
    expect(paths).to.include.members([
      ...needed,
      'binding.gyp',
      'scripts/build-native.mjs',
      'scripts/list-sources.mjs',
      'dist/index.js',
      'LICENSE',
    ]);
    expect(paths.filter((path) => /^(spec|fixtures|bench|demo|build|out|node_modules)\//.test(path))).to.be.empty;
  });

  it('builds nothing when it is installed, and contains the prebuilt binaries', () => {
    expect(manifest.gypfile).to.be.false;
    for (const hook of ['preinstall', 'install', 'postinstall']) expect(manifest.scripts).to.not.have.property(hook);
    const binaries = existsSync(join(projectRoot, 'prebuilds')) ? filesBelow('prebuilds', /\.node$/) : [];
    expect(packedPaths().filter((path) => path.endsWith('.node'))).to.have.members(binaries);
    expect(manifest.files).to.include('prebuilds/*.node');
  });

  it('has no script that npm would run unasked before another', () => {
    const names = Object.keys(manifest.scripts);
    const before = names.filter((name) => name.startsWith('pre') && names.includes(name.slice(3)));
    expect(names).to.include('prebuild');
    expect(before).to.deep.equal([]);
  });

  it('has no page with a link or a picture that it leaves out, and no measurements', () => {
    const paths = packedPaths();
    const isThere = (target: string) => paths.some((path) => path === target || path.startsWith(`${target}/`));
    const dead = paths
      .filter((path) => path.endsWith('.md'))
      .flatMap((page) =>
        [...readProjectFile(page).matchAll(/\]\((?![a-z]+:|#)([^)\s#]+)/g)]
          .filter(([, link = '']) => !isThere(join(dirname(page), link)))
          .map(([, link]) => `${page}: ${link}`),
      );
    expect(dead).to.deep.equal([]);
    expect(paths.filter((path) => path.startsWith('docs/bench/'))).to.deep.equal([]);
  });

  it("is a folder of files under Plug'n'Play, because no addon can be loaded from an archive", () => {
    expect(manifest.preferUnplugged).to.be.true;
  });

  it('has no registry in its lock file', () => {
    expect(readProjectFile('package-lock.json')).to.not.match(/"resolved": "\w+:/);
  });

  describe('its command', () => {
    it('is a script that node can run', () => {
      const path = join(projectRoot, manifest.bin.vmoffer);
      expect(statSync(path).isFile()).to.be.true;
      expect(readProjectFile(manifest.bin.vmoffer)).to.match(/^#!\/usr\/bin\/env node\n/);
    });

    it('prints its version and its usage', () => {
      expect(run(manifest.bin.vmoffer, '--version').trim()).to.equal(manifest.version);
      expect(run(manifest.bin.vmoffer, '--help')).to.include('doctor').and.to.include('--json');
    });

    it('asks which command if there is none, and prints the usage', () => {
      const { status, stderr } = spawnSync(process.execPath, [manifest.bin.vmoffer], {
        cwd: projectRoot,
        encoding: 'utf8',
      });
      expect(status).to.equal(2);
      expect(stderr).to.match(/^vmoffer: which command\?\n\nUsage: vmoffer <command>/);
    });

    it('refuses unknown commands and options with exit code 2', () => {
      for (const args of [[], ['cure'], ['doctor', 'now'], ['doctor', '--loud']]) {
        expect(exitOf(args), args.join(' ')).to.equal(2);
      }
    });
  });
});

function exitOf(args: string[]): number | undefined {
  try {
    execFileSync(process.execPath, [manifest.bin.vmoffer, ...args], { cwd: projectRoot, stdio: 'ignore' });
    return 0;
  } catch (error) {
    return (error as { status?: number }).status;
  }
}

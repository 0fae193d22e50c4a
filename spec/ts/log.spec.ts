import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { log } from '#ts/log.js';
import { filesBelow, projectRoot, readProjectFile } from '../support/project.js';

/** The namespaces, and the modules that trace to each. */
const NAMESPACES: Record<string, string[]> = {
  'vmoffer:addon': ['load-addon', 'second-try'],
  'vmoffer:capabilities': ['capabilities'],
  'vmoffer:channel': [
    'channel/claim-offered',
    'channel/enclosed/sent-enclosures',
    'channel/opening/accept',
    'channel/opening/accept-iterator',
    'channel/opening/accept-rings',
    'channel/opening/offer-rings',
  ],
  'vmoffer:claim': ['vm-claim'],
  'vmoffer:cli': ['cli/main', 'cli/top/top'],
  'vmoffer:held': ['held-claims'],
  'vmoffer:incoming': ['incoming-offer-iterator', 'offer-watch'],
  'vmoffer:keep-alive': ['keep-alive'],
  'vmoffer:list': ['list-offers'],
  'vmoffer:offer': ['offer', 'vm-offer'],
  'vmoffer:prefetch': ['prefetch-queue'],
  'vmoffer:region': ['allocate', 'region'],
  'vmoffer:supply': [
    'supply/serve',
    'supply/supplied-region',
    'supply/supplier-worker',
    'supply/supply',
    'supply/worker-main',
  ],
};

const MODULES = filesBelow('ts', /\.ts$/).map((file) => ({
  name: file.slice('ts/'.length, -'.ts'.length),
  text: readProjectFile(file),
}));

/** The namespaces that a module traces to. */
function tracedBy(text: string): string[] {
  const keys = new Set([...text.matchAll(/\blog\.(\w+)\(/g)].map(([, key = '']) => key));
  return [...keys].map((key) => log[key as keyof typeof log].namespace);
}

function runEverything(env: NodeJS.ProcessEnv) {
  const path = join(projectRoot, 'out', 'js', 'fixtures', 'uses-everything.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [path], { encoding: 'utf8', env });
  expect(status, stderr).to.equal(0);
  return { stdout, stderr };
}

describe('tracing', () => {
  it('has these namespaces, traced to from these modules', () => {
    const found: Record<string, string[]> = {};
    for (const { name, text } of MODULES) for (const namespace of tracedBy(text)) (found[namespace] ??= []).push(name);
    for (const modules of Object.values(found)) modules.sort();
    expect(found).to.deep.equal(NAMESPACES);
  });

  it('has no unused namespace, and each module has at most one', () => {
    expect(Object.values(log).map(({ namespace }) => namespace)).to.have.members(Object.keys(NAMESPACES));
    const modules = Object.values(NAMESPACES).flat();
    expect(new Set(modules).size).to.equal(modules.length);
  });

  it('is done by every module that calls the addon', () => {
    const asking = MODULES.filter(({ text }) => /\baddon\(\)\.(?!pageSize)/.test(text)).map(({ name }) => name);
    expect(asking).to.not.be.empty;
    expect(Object.values(NAMESPACES).flat()).to.include.members(asking);
  });

  it('formats and allocates nothing if its namespace is off', () => {
    for (const { name, text } of MODULES) {
      for (const [line] of text.matchAll(/^.*\blog\.\w+\(.*$/gm)) {
        const isGuarded = line.includes('.enabled) ') || text.includes(`.enabled) {\n${line}`);
        if (!isGuarded)
          expect(line, name).to.not.match(/\b(format|describe|inspect)\w*\(|\{ |\[|=>|`|\.map\(|Options\(/);
      }
    }
  });

  it('is documented for each namespace by name', () => {
    const text = readProjectFile('docs/troubleshooting.md');
    for (const namespace of Object.keys(NAMESPACES)) expect(text).to.include(`\`${namespace}\``);
  });

  describe('of a program', () => {
    const silent = { ...process.env, DEBUG: undefined };

    it('writes nothing by default', () => {
      expect(runEverything(silent)).to.deep.equal({ stdout: '', stderr: '' });
    });

    it('writes nothing if another library is traced', () => {
      expect(runEverything({ ...silent, DEBUG: 'express:*,vmoffer' })).to.deep.equal({ stdout: '', stderr: '' });
    });

    it('writes what each part does if all are traced', () => {
      const { stderr } = runEverything({ ...silent, DEBUG: 'vmoffer:*', DEBUG_COLORS: 'no' });
      for (const namespace of Object.keys(NAMESPACES)) {
        if (namespace !== 'vmoffer:cli') expect(stderr).to.include(` ${namespace} `);
      }
    });

    for (const namespace of Object.keys(NAMESPACES).filter((name) => name !== 'vmoffer:cli')) {
      it(`writes only of ${namespace} if that is traced`, () => {
        const { stdout, stderr } = runEverything({ ...silent, DEBUG: namespace, DEBUG_COLORS: 'no' });
        const traced = [...stderr.matchAll(/ (vmoffer:[a-z-]+) /g)].map(([, found]) => found);
        expect(stdout).to.equal('');
        expect(new Set(traced)).to.deep.equal(new Set([namespace]));
      });
    }
  });
});

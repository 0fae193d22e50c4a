import { expect } from 'chai';
import { dirname, join } from 'node:path';
import { filesBelow, readProjectFile } from './support/project.js';

/** Each layer may use itself and those before it. */
const ENGINE_LAYERS = ['base', 'sys', 'wire', 'supply', 'pager', 'memory', 'transfer'];

/** These files decide, and make no system calls. */
const PURE_FILES = [
  'engine/base/',
  'engine/sys/copy_outcome.',
  'engine/sys/userfault_lack.',
  'engine/wire/',
  'engine/pager/fault_window.',
  'engine/pager/density.',
  'engine/pager/paging_policy.',
  'engine/pager/placement.',
  'engine/pager/read_ahead.',
  'engine/pager/touch_pattern.',
  'engine/supply/claimed_units.',
  'engine/supply/fill_book.',
  'engine/supply/lease_directory.',
  'engine/supply/order_ahead.',
  'engine/supply/supplied_units.',
  'engine/supply/supply_stats.',
  'engine/supply/unit_grid.',
  'engine/transfer/admission.',
  'engine/transfer/asking/broker_address.',
  'engine/transfer/asking/broker_names.',
  'engine/transfer/held/residency_cells.',
  'engine/transfer/offers/offer_book.',
  'engine/transfer/offers/offer_flags.',
  'engine/transfer/shares.',
];

const NODE_HEADERS = /^(napi|node|node_api|js_native_api|uv|v8)\b/;
const STREAMS = /^([iof]?stream|iostream|sstream|iomanip|locale|regex|random|filesystem|format)$/;
const TS_PACKAGES = ['debug', 'p-queue'];
/** The API wants it so: a region makes ranges, and a range names its region. */
const NAME_EACH_OTHER = ['ts/region.ts', 'ts/region-range.ts'];
const TS_FILES = filesBelow('ts', /\.ts$/);

interface Include {
  file: string;
  target: string;
  isSystem: boolean;
}

function includesOf(folder: string): Include[] {
  return filesBelow(folder, /\.(cc|h)$/).flatMap((file) =>
    [...readProjectFile(file).matchAll(/^\s*#\s*include\s+(?:<([^>]+)>|"([^"]+)")/gm)].map(([, system, own]) => ({
      file,
      target: system ?? own ?? '',
      isSystem: system !== undefined,
    })),
  );
}

function show({ file, target }: Include): string {
  return `${file} includes ${target}`;
}

function layerOf(path: string): number {
  return ENGINE_LAYERS.indexOf(path.split('/')[1] ?? '');
}

function isPure(path: string): boolean {
  return PURE_FILES.some((start) => path.startsWith(start));
}

/** C++'s own headers have no suffix; the kernel's and the C library's end in .h. */
function isKernelHeader({ target, isSystem }: Include): boolean {
  return isSystem && (target.endsWith('.h') || target === 'csignal');
}

describe('layering', () => {
  const engine = includesOf('engine');

  it('finds the sources that it judges', () => {
    expect(engine.length).to.be.greaterThan(100);
    for (const start of PURE_FILES)
      expect(
        engine.map(({ file }) => file).some((file) => file.startsWith(start)),
        start,
      ).to.be.true;
  });

  it('puts every engine file into a known layer', () => {
    const strays = filesBelow('engine', /\.(cc|h)$/).filter((file) => layerOf(file) < 0);
    expect(strays).to.deep.equal([]);
  });

  it('lets an engine layer include itself and the layers below it', () => {
    const own = engine.filter(({ isSystem }) => !isSystem);
    const upward = own.filter(({ file, target }) => !target.startsWith('engine/') || layerOf(target) > layerOf(file));
    expect(upward.map(show)).to.deep.equal([]);
  });

  it('keeps Node out of the engine', () => {
    expect(engine.filter(({ target }) => NODE_HEADERS.test(target)).map(show)).to.deep.equal([]);
  });

  it('lets only engine/sys include headers of the kernel', () => {
    const others = [...engine.filter(({ file }) => !file.startsWith('engine/sys/')), ...includesOf('native')];
    const kernel = others.filter((include) => isKernelHeader(include) && !NODE_HEADERS.test(include.target));
    expect(kernel.map(show)).to.deep.equal([]);
  });

  it('keeps the files that decide free of system calls', () => {
    const impure = engine
      .filter(({ file }) => isPure(file))
      .filter((include) => isKernelHeader(include) || (!include.isSystem && !isPure(include.target)));
    expect(impure.map(show)).to.deep.equal([]);
  });

  it('lists the files that decide in engine/README.md', () => {
    const [, list = ''] = /The files\s+that decide ([\s\S]*?)\n\n/.exec(readProjectFile('engine/README.md')) ?? [];
    const named = [...list.matchAll(/`(\w+(?:\/\w+)*)`/g)].map(([, name = '']) => name);
    const checked = PURE_FILES.map((start) => start.slice('engine/'.length, -1));
    expect(named.sort()).to.deep.equal(checked.sort());
  });

  it('keeps C++ streams out, which take a third of a megabyte in a binary with its own C++ library', () => {
    const all = [...engine, ...includesOf('native')];
    expect(all.filter(({ target }) => STREAMS.test(target)).map(show)).to.deep.equal([]);
  });

  it('lets native/ include itself, the engine and Node', () => {
    const strays = includesOf('native').filter(
      ({ target, isSystem }) => !isSystem && !/^(native|engine)\//.test(target),
    );
    expect(strays.map(show)).to.deep.equal([]);
  });

  it('lets ts/ import itself, Node and two packages', () => {
    const strays = TS_FILES.flatMap((file) =>
      importsOf(file)
        .filter((target) => !isAllowedInTs(file, target))
        .map((target) => `${file} imports ${target}`),
    );
    expect(strays).to.deep.equal([]);
  });

  it('lets no file of ts/ import itself by way of others, not even for a type', () => {
    const circles = TS_FILES.map(circleFrom).filter((circle) => circle.length > 0);
    expect(circles.filter(([file = '']) => !NAME_EACH_OTHER.includes(file))).to.deep.equal([]);
  });

  it('keeps what reaches beyond this machine in a package of its own', () => {
    const users = [...TS_FILES, ...filesBelow('native', /\.(cc|h)$/), ...filesBelow('engine', /\.(cc|h)$/)].filter(
      (file) => /(?:from|import\() ?['"](?:vmoffer-cluster|@nats-io|[./]*packages\/)/.test(readProjectFile(file)),
    );
    expect(users).to.deep.equal([]);
    const { dependencies } = JSON.parse(readProjectFile('package.json')) as { dependencies: object };
    expect(Object.keys(dependencies).sort()).to.deep.equal(['debug', 'node-addon-api', 'p-queue']);
  });

  it('loads the addon in one place', () => {
    const loaders = TS_FILES.filter((file) => readProjectFile(file).includes('createRequire'));
    expect(loaders).to.deep.equal(['ts/load-addon.ts']);
  });
});

function importsOf(file: string): string[] {
  const statements = readProjectFile(file).matchAll(/^(?:import|export)\b[^;]*?\bfrom '([^']+)'/gm);
  return [...statements].map(([, target = '']) => target);
}

/** The files of ts/ that a file imports. */
function ownImportsOf(file: string): string[] {
  const own = importsOf(file).filter((target) => target.startsWith('.'));
  return own.map((target) => join(dirname(file), target).replace(/\.js$/, '.ts'));
}

/** The shortest path by which a file imports itself, from the file to itself; empty if there is none. */
function circleFrom(file: string): string[] {
  const ways = [[file]];
  const seen = new Set<string>();
  for (const way of ways) {
    for (const next of ownImportsOf(way.at(-1) ?? file)) {
      if (next === file) return [...way, next];
      if (!seen.has(next)) ways.push([...way, next]);
      seen.add(next);
    }
  }
  return [];
}

function isAllowedInTs(file: string, target: string): boolean {
  if (target.startsWith('.')) return join(dirname(file), target).startsWith('ts/');
  return target.startsWith('node:') || TS_PACKAGES.includes(target);
}

import { expect } from 'chai';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { filesBelow, projectRoot, readProjectFile } from './support/project.js';

/** Made by builds, runs and installs. Documents may name these, and they need not exist. */
const MADE = new Set(['build', 'dist', 'out', 'prebuilds', 'node_modules']);
const PAGES = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md'],
  ...filesBelow('docs', /\.md$/).filter((page) => !page.startsWith('docs/api/')),
  ...filesBelow('engine', /\.md$/),
];

const FENCED = /^```.*?^```$/gms;
const CODE = /`([^`\n]+)`/g;
const PATH = /^([\w.-]+(?:\/[\w.-]+)*\/?)(?::([\w:~]+))?$/;
const MADE_LATER = ['bench/results', '.devcontainer/seccomp.json'];
const PLACEHOLDER = /\b[A-Z]{3,}\b(?!\.md)/;

interface Named {
  path: string;
  function: string | undefined;
}

function foldersOf(folder: string): string[] {
  return readdirSync(join(projectRoot, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !MADE.has(entry.name) && entry.name !== '.git')
    .map(({ name }) => name);
}

/** Where the paths of a page begin: at the project's root, in its own folder, or, in security.md, in the folder of specs. */
function startsOf(page: string): string[] {
  const isAboutSpecs = page === 'docs/security.md';
  return ['.', dirname(page), ...(isAboutSpecs ? ['spec', 'spec/scenarios'] : [])];
}

/** Parses a piece of code font as a path; undefined if it is none. */
function named(page: string, code: string): Named | undefined {
  const [, path = '', name] = PATH.exec(code) ?? [];
  const [first] = path.split('/', 1);
  const isInFolder = path.includes('/') && startsOf(page).some((start) => foldersOf(start).some((it) => it === first));
  const isPage = /^[\w-]+\.(md|gyp|json)$/.test(path) && name === undefined;
  if ((!isInFolder && !isPage) || PLACEHOLDER.test(path)) return undefined;
  if (MADE_LATER.some((made) => path.startsWith(made))) return undefined;
  return { path: path.replace(/\/$/, ''), function: name };
}

/** A file, a folder, or a file without its suffix (`engine/sys/call` is its header and its source). */
function filesOf(path: string): string[] {
  if (existsSync(join(projectRoot, path))) return [path];
  const folder = dirname(path);
  if (!existsSync(join(projectRoot, folder))) return [];
  return readdirSync(join(projectRoot, folder))
    .filter((name) => name.startsWith(`${basename(path)}.`))
    .map((name) => join(folder, name));
}

function isFile(path: string): boolean {
  return statSync(join(projectRoot, path)).isFile();
}

/** Returns what is wrong with a piece of code font on a page; undefined if it is no path, or a good one. */
function complaint(page: string, code: string): string | undefined {
  const found = named(page, code);
  if (!found) return undefined;
  const files = startsOf(page).flatMap((start) => filesOf(join(start, found.path)));
  if (files.length === 0) return `${page}: there is no ${found.path}`;
  if (found.function === undefined) return undefined;
  const name = new RegExp(`(?<!\\w)${found.function.split('::').at(-1)}(?!\\w)`);
  const isThere = files.some((file) => isFile(file) && name.test(readProjectFile(file)));
  return isThere ? undefined : `${page}: ${found.path} has no ${found.function}`;
}

function codesOf(page: string): string[] {
  return [...readProjectFile(page).replace(FENCED, '').matchAll(CODE)].map(([, code = '']) => code);
}

describe('the files that the documentation names', () => {
  it('exist, and have the functions', () => {
    const codes = PAGES.flatMap((page) => codesOf(page).map((code) => ({ page, code })));
    expect(codes.filter(({ page, code }) => named(page, code)).length).to.be.greaterThan(100);
    const complaints = codes.map(({ page, code }) => complaint(page, code));
    expect(complaints.filter((text) => text !== undefined)).to.deep.equal([]);
  });

  it('are reported if they do not exist', () => {
    const page = 'docs/architecture.md';
    expect(complaint(page, 'engine/sys/none.h')).to.equal(`${page}: there is no engine/sys/none.h`);
    expect(complaint(page, 'ts/cli/none/')).to.include('there is no');
    expect(complaint(page, 'none.md')).to.include('there is no');
    expect(complaint(page, 'engine/sys/call:retry_on_nothing')).to.include('has no retry_on_nothing');
    expect(complaint(page, 'engine/sys/call.h:retry_on')).to.include('has no retry_on');
  });

  it('may be folders, headers with their sources, and functions of a class', () => {
    const page = 'docs/architecture.md';
    for (const code of [
      ...['engine/sys', 'ts/cli/', 'engine/sys/call', 'engine/sys/call.h:retry_on_eintr', 'binding.gyp'],
      ...['engine/sys/event_loop:EventLoop::run', '.ci/run', 'docs/errors.md'],
    ]) {
      expect(named(page, code), code).not.to.be.undefined;
      expect(complaint(page, code), code).to.be.undefined;
    }
    expect(complaint('docs/security.md', 'hand-off/disown')).to.be.undefined;
    expect(complaint('docs/security.md', 'hand-off/none')).to.include('there is no');
    expect(complaint('engine/README.md', 'base/none.h')).to.include('there is no');
    for (const code of ['/proc/net/unix', 'build/Release/vmoffer.node', 'read()', 'R+W', 'bench/NAME.ts']) {
      expect(named(page, code), code).to.be.undefined;
    }
  });
});

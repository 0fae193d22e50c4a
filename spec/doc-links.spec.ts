import { expect } from 'chai';
import GithubSlugger from 'github-slugger';
import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { filesBelow, projectRoot, readProjectFile } from './support/project.js';

const FENCED = /^```.*?^```$/gms;
const CODE = /`[^`\n]*`/g;
const HEADING = /^#{1,6} (.*)$/gm;
const LINK = /\]\(([^)\s]+)\)/g;

/** Pages that the package leaves out are named in full. */
const REPOSITORY = 'https://github.com/vmoffer/vmoffer/blob/main/';

const PAGES = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...filesBelow('docs', /\.md$/),
  ...filesBelow('engine', /\.md$/),
];

/** The anchors that a Markdown page has on the web. */
function anchorsOf(markdown: string): Set<string> {
  const slugger = new GithubSlugger();
  const headings = [...markdown.replace(FENCED, '').matchAll(HEADING)].map(([, text = '']) => text);
  return new Set(headings.map((text) => slugger.slug(text.replace(/\\(?=\W|_)/g, '').replace(LINK, ']'))));
}

function linksOf(markdown: string): string[] {
  const links = [...markdown.replace(FENCED, '').replace(CODE, '').matchAll(LINK)].map(([, target = '']) => target);
  return links.filter((target) => target.startsWith(REPOSITORY) || !/^[a-z]+:/.test(target));
}

/** Returns what is wrong with a link on a page; undefined if it leads somewhere. */
function complaint(page: string, link: string): string | undefined {
  const isInFull = link.startsWith(REPOSITORY);
  const [path = '', anchor] = link.slice(isInFull ? REPOSITORY.length : 0).split('#');
  const target = path === '' ? page : relative(projectRoot, join(projectRoot, isInFull ? '' : dirname(page), path));
  if (!existsSync(join(projectRoot, target))) return `${page}: there is no ${link}`;
  if (anchor === undefined || !target.endsWith('.md')) return undefined;
  return anchorsOf(readProjectFile(target)).has(anchor) ? undefined : `${page}: ${target} has no heading #${anchor}`;
}

describe('the links of the documentation', () => {
  it('lead to files and headings that exist', () => {
    const complaints = PAGES.flatMap((page) => linksOf(readProjectFile(page)).map((link) => complaint(page, link)));
    expect(complaints.length).to.be.greaterThan(100);
    expect(complaints.filter((text) => text !== undefined)).to.deep.equal([]);
  });

  it('are reported if they are broken', () => {
    expect(complaint('README.md', 'docs/none.md')).to.equal('README.md: there is no docs/none.md');
    expect(complaint('docs/errors.md', `${REPOSITORY}docs/none.md`)).to.include('there is no');
    expect(complaint('docs/errors.md', `${REPOSITORY}docs/performance.md`)).to.be.undefined;
    expect(complaint('README.md', '#no-such-heading')).to.equal('README.md: README.md has no heading #no-such-heading');
    expect(complaint('README.md', 'docs/errors.md#err_vmo_busy')).to.be.undefined;
  });
});

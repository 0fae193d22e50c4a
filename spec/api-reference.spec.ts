import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot, readProjectFile } from './support/project.js';

const FOLDER = 'docs/api';
const REMEDY = 'run `npm run docs:api` and commit what it writes';

let folder: string;

function typedoc(...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['node_modules/typedoc/bin/typedoc', '--logLevel', 'Warn', ...args],
    { cwd: projectRoot, encoding: 'utf8' },
  );
  return { status, output: stdout + stderr };
}

function pagesOf(path: string): Map<string, string> {
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
  return new Map(names.sort().map((name) => [name, readFileSync(join(path, name), 'utf8')]));
}

function differing(one: Map<string, string>, other: Map<string, string>): string[] {
  return [...new Set([...one.keys(), ...other.keys()])].filter((name) => one.get(name) !== other.get(name));
}

/** Runs typedoc on a module with this text, under the project's own rules. */
function judge(text: string): { status: number | null; output: string } {
  const write = (name: string, content: string | object) => {
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  };
  write('package.json', { name: 'vmoffer', version: '1.0.0' });
  write('module.ts', text);
  write('tsconfig.json', { compilerOptions: { strict: true, types: [] }, files: ['module.ts'] });
  write('typedoc.json', {
    extends: [join(projectRoot, 'typedoc.json')],
    entryPoints: ['module.ts'],
    tsconfig: 'tsconfig.json',
    emit: 'none',
  });
  return typedoc('--options', join(folder, 'typedoc.json'));
}

describe('the API reference', function () {
  this.timeout(60_000); // typedoc compiles all of ts/

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vmoffer-api-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('is up to date with the comments in ts/', () => {
    const { status, output } = typedoc('--out', folder);
    expect(status, output).to.equal(0);
    const outdated = differing(pagesOf(join(projectRoot, FOLDER)), pagesOf(folder));
    expect(outdated, `pages of ${FOLDER} that are not current; ${REMEDY}`).to.deep.equal([]);
  });

  it('has every export in a section of its overview', () => {
    expect(readProjectFile(`${FOLDER}/README.md`)).to.not.match(/^## Other$/m, 'an export of ts/ has no @category');
  });

  it('refuses an export or a parameter without a comment, and a type that users cannot name', () => {
    const { status, output } = judge(`
      export const bare = 1;
      /** Doubles a number. */
      export function twice(amount: number): number { return 2 * amount; }
      interface Inside { depth: number }
      /** Looks inside. */
      export declare function look(): Inside;
    `);
    expect(status).to.not.equal(0);
    expect(output).to.include('bare (Variable)').and.to.include('twice.amount (Parameter)');
    expect(output).to.match(/Inside.* is referenced by look but not included/);
    expect(output).to.include('Found 0 errors and 3 warnings');
  });
});

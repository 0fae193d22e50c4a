import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../support/project.js';

const VMOFFER = join(projectRoot, 'dist', 'cli', 'main.js');

describe('vmoffer agent', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vmoffer-agent-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function run(...args: string[]) {
    return spawnSync(process.execPath, [VMOFFER, 'agent', ...args], { cwd: folder, encoding: 'utf8' });
  }

  function withConfiguration(text: string): string[] {
    const config = join(folder, 'agent.json');
    writeFileSync(config, text);
    return ['--as', 'a', '--config', config, '--socket', join(folder, 'a.sock')];
  }

  it('says how it is used', () => {
    const { status, stdout } = run('--help');
    expect(stdout).to.match(/^usage: vmoffer-agent/);
    expect(status).to.equal(0);
  });

  for (const [what, args] of [
    ['--as', []],
    ['--config', ['--as', 'a']],
    ['--socket', ['--as', 'a', '--config', 'a.json']],
  ] as const) {
    it(`says that ${what} is missing, and how it is used`, () => {
      const { status, stderr } = run(...args);
      expect(stderr).to.include(`${what} is missing`).and.to.include('usage: vmoffer-agent');
      expect(status).to.equal(2);
    });
  }

  it('names an option that there is none of', () => {
    const { status, stderr } = run('--sa', 'a');
    expect(stderr).to.include("'--sa'");
    expect(status).to.equal(2);
  });

  for (const port of ['web', '65536', '-1', '']) {
    it(`refuses the port '${port}'`, () => {
      const { status, stderr } = run(...withConfiguration('{}'), `--metrics=${port}`);
      expect(stderr).to.include(`'${port}'`);
      expect(status).to.equal(2);
    });
  }

  it('names the configuration that it cannot read', () => {
    expect(run('--as', 'a', '--config', 'none.json', '--socket', 'a.sock').stderr).to.match(
      /--config none\.json: ENOENT/,
    );
    const { status, stderr } = run(...withConfiguration('{ "engine": '));
    expect(stderr).to.include('agent.json: ').and.to.include('JSON');
    expect(status).to.equal(1);
  });

  for (const text of ['null', '{}', '{ "engine": {} }', '{ "engine": { "engine": "pigeons" } }', '[]']) {
    it(`refuses the configuration ${text} without a stack`, () => {
      const { status, stderr } = run(...withConfiguration(text));
      expect(stderr).to.match(/^vmoffer-agent: .*engine/m);
      expect(stderr).not.to.include('    at ');
      expect(status).to.equal(1);
    });
  }

  for (const [servers, said] of [
    ['[]', 'there must be a server'],
    ['["http://localhost:4222"]', 'got "http://localhost:4222"'],
    ['["127.0.0.1:1"]', 'no NATS server can be reached at 127.0.0.1:1'],
  ] as const) {
    it(`says what is wrong with the servers ${servers}`, () => {
      const { status, stderr } = run(...withConfiguration(`{ "engine": { "engine": "nats", "servers": ${servers} } }`));
      expect(stderr)
        .to.match(/^vmoffer-agent: /)
        .and.to.include(said);
      expect(stderr).not.to.include('    at ');
      expect(status).to.equal(1);
    });
  }
});

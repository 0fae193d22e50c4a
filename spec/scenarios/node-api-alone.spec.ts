import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../support/project.js';

const FOLDER = join(projectRoot, 'out', 'js', 'fixtures', 'runtimes');

/** Runs a program of fixtures/runtimes as on a runtime that has neither V8's functions nor libuv's. */
function runWithNodeApiAlone(program: string) {
  const env = { ...process.env, VMOFFER_NODE_API_ONLY: '1' };
  return spawnSync(process.execPath, ['--expose-gc', join(FOLDER, program)], { env, encoding: 'utf8' });
}

describe('with Node-API alone, as on Bun and Deno', () => {
  const PROGRAMS = [
    { does: 'claims of every kind work', program: 'claims.js' },
    { does: 'require() works', program: 'require.cjs' },
    { does: 'a channel wakes who sleeps and tells who is killed', program: 'channel.js' },
    { does: 'worker threads claim and talk', program: 'worker.js' },
    { does: 'garbage is given back', program: 'garbage.js' },
    { does: 'nothing is lost by a program that moves buffers', program: 'moves.js' },
  ];
  for (const { does, program } of PROGRAMS) {
    it(does, () => {
      const { status, stdout, stderr } = runWithNodeApiAlone(program);
      expect(stderr).to.equal('');
      expect(stdout).to.match(/^ok(: .*)?$/m);
      expect(status).to.equal(0);
    });
  }

  it('has no detach keys, which a byte stream shows', () => {
    expect(runWithNodeApiAlone('moves.js').stdout).to.match(/a byte stream moved$/m);
  });
});

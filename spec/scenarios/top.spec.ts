import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { allocate, vmOffer, VMO_GRANT_R, type Region } from 'vmoffer';
import { activityBetween, bytesOf } from '#ts/cli/top/activity.js';
import { takeSnapshot } from '#ts/cli/top/snapshot.js';
import { startHostile } from '../support/child.js';
import { startObedient, type Obedient } from '../support/obedient.js';
import { fillPages, PAGE } from '../support/pages.js';
import { runProgram } from '../support/program.js';
import { projectRoot } from '../support/project.js';
import { PseudoTerminal, pseudoTerminal } from '../support/pseudo-terminal.js';
import { needs, requires } from '../support/requires.js';

const TOP = 'node dist/cli/main.js top';
const PAGES = 64;
const SEED = 223;
const ENTER = '\x1b[?1049h';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const STYLE = '\x1b[1m';

interface Document {
  pageSize: number;
  intervalMs: number;
  processes: { told: number; refused: number; silent: number };
  totals: { faults: number };
  claims: {
    pid: number;
    process: string;
    srcPid: number;
    address: string;
    byteLength: number;
    residentPages: number;
    rates: { faults: number } | null;
  }[];
}

describe('vmoffer top', () => {
  let region: Region;
  let holder: Obedient;
  let address: bigint;
  let handle: number;
  beforeEach(async () => {
    region = allocate(PAGES * PAGE);
    fillPages(region.view(), SEED);
    holder = await startObedient();
    vmOffer(holder.pid, region, VMO_GRANT_R);
    ({ address, region: handle } = await holder.call('claim', process.pid, region.address));
  });
  afterEach(async () => {
    await holder[Symbol.asyncDispose]();
    region.release();
  });

  async function readDocument(options = ''): Promise<Document> {
    const { code, output, errors } = await runProgram(`${TOP} --json --interval 0.1${options}`);
    expect({ code, errors }).to.deep.equal({ code: 0, errors: '' });
    return JSON.parse(output) as Document;
  }

  it('sees the pages that a process has touched between two looks', async function () {
    requires(this, needs.fullUserfault);
    const before = await takeSnapshot();
    await holder.call('difference', handle, SEED);
    const { claims } = activityBetween(before, await takeSnapshot(), PAGE);
    const { rates, faults } = claims.find(({ pid }) => pid === holder.pid) ?? expect.fail('it is not there');
    expect(faults).to.be.greaterThan(0);
    expect(rates?.faults).to.be.greaterThan(0);
    expect(bytesOf(rates ?? expect.fail('it is not counted'))).to.be.greaterThan(0);
  });

  describe('if its output is no terminal', () => {
    it('prints the claims once, without a terminal sequence, and ends', async () => {
      const { code, output, errors } = await runProgram(`${TOP} --interval 0.1`);
      expect({ code, errors }).to.deep.equal({ code: 0, errors: '' });
      expect(output).to.match(new RegExp(`^ *${holder.pid} +obedient.js +${process.pid} .* 256 KiB .* 0% +·+$`, 'm'));
      expect(output).to.not.include('\x1b');
    });

    it('prints one JSON document if it is asked to', async () => {
      await holder.call('read', handle, 0);
      const document = await readDocument();
      const claim = document.claims.find(({ pid }) => pid === holder.pid);
      expect(document).to.include({ pageSize: PAGE, intervalMs: 100 });
      expect(claim).to.deep.include({ process: 'obedient.js', srcPid: process.pid, byteLength: PAGES * PAGE });
      expect(claim?.address).to.equal(`0x${address.toString(16)}`);
      expect(claim?.residentPages).to.equal(await holder.call('residentPages', handle));
    });

    it('counts the processes of other users, and those that do not answer', async function () {
      requires(this, needs.root);
      await using rogue = await startHostile('rogue_source', ['hangs-up-at-once']);
      expect(rogue.pid).to.be.greaterThan(0);
      const { stdout, status } = spawnSync(process.execPath, [...TOP.split(' ').slice(1), '--interval', '0.1'], {
        cwd: projectRoot,
        encoding: 'utf8',
        uid: 65534,
        gid: 65534,
      });
      expect(status).to.equal(0);
      expect(stdout).to.match(
        /^0 claims of 0 of 0 processes, 0 B; \d+ process(es)? of other users not shown; \d+ process/,
      );
    });

    it('is quiet if its reader stops early', () => {
      const { stdout, stderr } = spawnSync('sh', ['-c', `${TOP} --json --interval 0.1 | head -c 1`], {
        cwd: projectRoot,
        encoding: 'utf8',
      });
      expect({ stdout, stderr }).to.deep.equal({ stdout: '{', stderr: '' });
    });

    for (const options of ['--fast', '--interval 0', 'now']) {
      it(`refuses '${options}' with the usage`, async () => {
        const { code, output, errors } = await runProgram(`${TOP} ${options}`);
        expect({ code, output }).to.deep.equal({ code: 2, output: '' });
        expect(errors).to.match(/^vmoffer: /);
      });
    }
  });

  describe('on a terminal', () => {
    before(function () {
      requires(this, pseudoTerminal);
    });

    const MODES = 'stty -a | tr " ;" "\\n\\n" | grep -x -e -*icanon -e -*echo';
    const size = { rows: 12, columns: 80 };
    const start = (commands = `${TOP} --interval 0.1; echo rc=$?; ${MODES}`, env: NodeJS.ProcessEnv = {}) =>
      new PseudoTerminal(`cd ${projectRoot}; ${commands}`, { ...size, env });

    it('draws again and again on a screen of its own, in its size, until q is pressed', async () => {
      await using terminal = start();
      await terminal.shows(ENTER);
      for (let round = 0; round < 3; round++) {
        const drawn = await terminal.shows('q quits');
        const lines = stripVTControlCharacters(drawn).split('\r\n');
        expect(lines.length).to.be.at.most(size.rows);
        for (const line of lines) expect(line.length).to.be.at.most(size.columns);
        expect(drawn).to.include(String(holder.pid));
      }
      terminal.type('q');
      await terminal.shows(LEAVE);
      expect((await terminal.rest()).trim().split(/\s+/)).to.deep.equal(['rc=0', 'icanon', 'echo']);
    });

    it('leaves the terminal as it was when Ctrl-C is pressed', async () => {
      await using terminal = start(`trap : INT; ${TOP} --interval 0.1; echo rc=$?; ${MODES}`);
      await terminal.shows('q quits');
      terminal.type('\x03');
      await terminal.shows(LEAVE);
      expect((await terminal.rest()).trim().split(/\s+/)).to.deep.equal(['rc=130', 'icanon', 'echo']);
    });

    for (const [signal, code] of [
      ['TERM', 143],
      ['HUP', 129],
      ['INT', 130],
    ] as const) {
      it(`leaves it as it was on SIG${signal}, and ends by that signal`, async () => {
        const trapped = `trap : INT; sh -c 'trap - INT; echo "pid=$$"; exec ${TOP} --interval 0.1'`;
        await using terminal = start(`${trapped}; echo rc=$?; ${MODES}`);
        await terminal.shows('pid=');
        const pid = Number(await terminal.shows('\r\n'));
        await terminal.shows('q quits');
        process.kill(pid, `SIG${signal}`);
        await terminal.shows(LEAVE);
        const rest = (await terminal.rest()).trim().split(/\s+/);
        expect(rest.slice(-3)).to.deep.equal([`rc=${code}`, 'icanon', 'echo']);
      });
    }

    it('is drawn even if its input is no terminal, until a signal ends it', async () => {
      await using terminal = start(
        `sh -c 'echo "pid=$$"; exec ${TOP} --interval 0.1 </dev/null'; echo rc=$?; ${MODES}`,
      );
      await terminal.shows('pid=');
      const pid = Number(await terminal.shows('\r\n'));
      await terminal.shows('q quits');
      process.kill(pid, 'SIGTERM');
      await terminal.shows(LEAVE);
      expect((await terminal.rest()).trim().split(/\s+/).slice(-3)).to.deep.equal(['rc=143', 'icanon', 'echo']);
    });

    it('gives the terminal back when Ctrl-Z is pressed, and takes it again when it continues', async () => {
      await using terminal = start(`set -m; ${TOP} --interval 0.1; echo rc=$?; ${MODES}; fg; echo rc=$?; ${MODES}`);
      await terminal.shows('q quits');
      terminal.type('\x1a');
      await terminal.shows(LEAVE);
      expect((await terminal.shows(ENTER)).split(/\s+/)).to.include.members(['rc=148', 'icanon', 'echo']);
      await terminal.shows('q quits');
      terminal.type('q');
      await terminal.shows(LEAVE);
      expect((await terminal.rest()).trim().split(/\s+/)).to.deep.equal(['rc=0', 'icanon', 'echo']);
    });

    it('is drawn in colour unless NO_COLOR is set', async () => {
      await using colourful = start();
      expect(await colourful.shows('q quits')).to.include(STYLE);
      await using plain = start(undefined, { NO_COLOR: '1' });
      expect(await plain.shows('q quits')).to.not.include(STYLE);
    });

    it('prints once if it is asked to, or if the terminal cannot be drawn on', async () => {
      await using once = start(`${TOP} --once --interval 0.1`);
      expect(await once.rest())
        .to.include(String(holder.pid))
        .and.not.include('\x1b');
      await using dumb = start(`${TOP} --interval 0.1`, { TERM: 'dumb' });
      expect(await dumb.rest())
        .to.include(String(holder.pid))
        .and.not.include('\x1b');
    });
  });
});

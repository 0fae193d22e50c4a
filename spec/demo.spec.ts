import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allocate, vmOffer, VMO_DISOWN, VMO_GRANT_R, VMO_GRANT_W } from 'vmoffer';
import { Checksum } from '../demo/checksum.js';
import { Letter } from '../demo/letter.js';
import { fillPages, PAGE } from './support/pages.js';
import { Program, runProgram, type Outcome } from './support/program.js';

const DEMO = 'node out/js/demo/main.js';
const BYTES = 64 * PAGE;
/** Enough for the hand-off to show beside what a process has of its own. */
const LARGE = 64 << 20;
const PLACE = 33 * PAGE + 7;

/**
 * This spec as the source of one of the demo's claimers: it says what the memory holds, and one of its bytes may be
 * another by the time it is claimed.
 */
async function runClaimer(name: string, flags: number, flip: number, byteLength = BYTES): Promise<Outcome> {
  using region = allocate(byteLength);
  fillPages(region.view(), 3);
  const checksum = new Checksum().add(region.view()).toString();
  const letter = Letter.write({ byteLength, checksum, socketPath: '\0vmoffer-nobody-listens' });
  region.view(PLACE, 1)[0] = (region.view(PLACE, 1)[0] ?? 0) ^ flip;
  await using claimer = new Program(`node out/js/demo/${name}.js ${process.pid}`);
  const offers = [vmOffer(claimer.pid, region, flags), vmOffer(claimer.pid, letter.region, VMO_GRANT_R | VMO_GRANT_W)];
  const end = await claimer.ended;
  await Promise.all(offers.map(({ released }) => released));
  letter.region.release();
  return end;
}

describe('the demo', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'vmoffer-demo-'));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  function fileOf(contents: Uint8Array): string {
    const path = join(folder, 'file');
    writeFileSync(path, contents);
    return path;
  }

  it('hands a file over, says that every byte was checked, and exits with 0', async () => {
    const { code, output, errors } = await runProgram(`${DEMO} ${fileOf(Buffer.alloc(100_001, 'page'))}`);
    expect(errors).to.equal('');
    expect(output).to.match(/Every byte was checked, and all is right\.\n$/);
    expect(code).to.equal(0);
  });

  it('says what is wrong with a file that it cannot hand over, and exits with 1', async () => {
    for (const [path, complaint] of [
      [fileOf(Buffer.alloc(0)), /FAILED: .* is empty/],
      [join(folder, 'missing'), /FAILED: ENOENT/],
    ] as const) {
      const { code, errors } = await runProgram(`${DEMO} ${path}`);
      expect(errors).to.match(complaint);
      expect(code).to.equal(1);
    }
  });

  describe('fails in the claimer', () => {
    it('of a reading claim whose memory has one wrong bit', async () => {
      const { code, errors } = await runClaimer('bytes-claimer', VMO_GRANT_R, 1);
      expect(errors).to.match(/FAILED: the checksum is [0-9a-f]{8} here, but [0-9a-f]{8} at the other process/);
      expect(code).to.equal(1);
    });

    it('of a hand-off whose memory has one wrong bit', async () => {
      const { code, errors } = await runClaimer('hand-off-claimer', VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN, 1);
      expect(errors).to.match(/FAILED: the checksum is [0-9a-f]{8} here, but [0-9a-f]{8} at the other process/);
      expect(code).to.equal(1);
    });

    it('of a hand-off whose source keeps the memory', async () => {
      const { code, errors } = await runClaimer('hand-off-claimer', VMO_GRANT_R, 0, LARGE);
      expect(errors).to.match(/FAILED: what the source maps has changed by .* instead of -67 MB/);
      expect(code).to.equal(1);
    });
  });
});

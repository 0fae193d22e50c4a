import { tableFromIPC } from 'apache-arrow';
import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  allocate,
  supply,
  vmOffer,
  VMO_DISOWN,
  VMO_GRANT_R,
  VMO_GRANT_W,
  type Region,
  type SuppliedRegion,
} from 'vmoffer';
import { Checksum } from '../demo/checksum.js';
import { putIntoMemory, readFlights, type Flights } from '../demo/flights.js';
import { makeModel } from '../demo/supplied/model.js';
import { makeTableFile } from '../demo/supplied/table-file.js';
import { Letter } from '../demo/letter.js';
import { fillPages, PAGE } from './support/pages.js';
import { needs, requires } from './support/requires.js';
import { Program, runProgram, type Outcome } from './support/program.js';

const DEMO = 'node out/js/demo/main.js';
const BYTES = 64 * PAGE;
/** Large enough for the hand-off to stand out from a process's own memory. */
const LARGE = 64 << 20;
/** In the last layer of a model. */
const BEFORE_THE_END = 100;
const PLACE = 33 * PAGE + 7;

/**
 * Runs one of the demo's claimers, with this spec as its source, which tells it what the memory holds. `flip` changes one
 * byte before the claim.
 */
async function runClaimer(name: string, flags: number, flip: number, byteLength = BYTES): Promise<Outcome> {
  using region = allocate(byteLength);
  fillPages(region.view(), 3);
  const checksum = new Checksum().add(region.view()).toString();
  const letter = Letter.write({ byteLength, checksum, socketPath: '\0vmoffer-nobody-listens' });
  region.view(PLACE, 1)[0] = (region.view(PLACE, 1)[0] ?? 0) ^ flip;
  return await runWithLetter(name, flags, region, letter.region);
}

async function runWithLetter(name: string, flags: number, memory: Region, letter: Region): Promise<Outcome> {
  await using claimer = new Program(`node out/js/demo/${name}.js ${process.pid}`);
  const offers = [vmOffer(claimer.pid, memory, flags), vmOffer(claimer.pid, letter, VMO_GRANT_R | VMO_GRANT_W)];
  const end = await claimer.ended;
  await Promise.all(offers.map(({ released }) => released));
  letter.release();
  return end;
}

/** As runClaimer(), for the table: `flip` changes a delay, or a column that the claimer does not sum up. */
async function runTableClaimer(flip: number, column: keyof Flights): Promise<Outcome> {
  const { region, byteLength, ...facts } = await putIntoMemory(readFlights(), 2);
  const bytes = region.view(0, byteLength);
  const letter = Letter.write({ byteLength, ...facts, checksum: new Checksum().add(bytes).toString() });
  const values = tableFromIPC<Flights>(bytes).getChild(column)?.data[0]?.values ?? expect.fail('no such column');
  values[7] = (values[7] ?? 0) ^ flip;
  const end = await runWithLetter('table-claimer', VMO_GRANT_R, region, letter.region);
  region.release();
  return end;
}

/** Supplies a model and a table to the claimer of part 4. `flip` changes a weight that it reads. */
async function runSuppliedClaimer(flip: number): Promise<Outcome> {
  const model = makeModel(8 << 20);
  const place = model.length - BEFORE_THE_END;
  model[place] = (model[place] ?? 0) ^ flip;
  const table = makeTableFile(readFlights(), 2);
  const letter = Letter.write({ layers: [3, 31], tableBytes: table.bytes.length, rowCount: table.rowCount });
  const memories = [model, table.bytes].map(suppliedBytes);
  await using claimer = new Program(`node out/js/demo/supplied/supplied-claimer.js ${process.pid}`);
  const offers = memories.map((memory) => vmOffer(claimer.pid, memory, VMO_GRANT_R));
  offers.push(vmOffer(claimer.pid, letter.region, VMO_GRANT_R | VMO_GRANT_W));
  const end = await claimer.ended;
  await Promise.all(offers.map(({ released }) => released));
  for (const memory of [...memories, letter.region]) memory.release();
  return end;
}

function suppliedBytes(bytes: Uint8Array): SuppliedRegion {
  return supply(Math.ceil(bytes.length / PAGE) * PAGE, {
    supplier: ({ offset }, into) => {
      const share = bytes.subarray(offset, offset + into.length);
      into.set(share);
      into.fill(0, share.length);
    },
  });
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

  it('hands a file over, reports that every byte was checked, and exits with 0', async () => {
    const { code, output, errors } = await runProgram(`${DEMO} ${fileOf(Buffer.alloc(100_001, 'page'))}`);
    expect(errors).to.equal('');
    expect(output).to.match(/Every byte was checked, and all is right\.\n$/);
    expect(code).to.equal(0);
  });

  it('reports what is wrong with a file that it cannot hand over, and exits with 1', async () => {
    for (const [path, complaint] of [
      [fileOf(Buffer.alloc(0)), /FAILED: .* is empty/],
      [join(folder, 'missing'), /FAILED: ENOENT/],
    ] as const) {
      const { code, errors } = await runProgram(`${DEMO} ${path}`);
      expect(errors).to.match(complaint);
      expect(code).to.equal(1);
    }
  });

  it('reports what is wrong with a path that is no file, and exits with 1', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const path of [folder, pipe, '/dev/zero']) {
      const { code, errors } = await runProgram(`${DEMO} ${path}`);
      expect(errors).to.match(/FAILED: .* is not a file/);
      expect(code).to.equal(1);
    }
  });

  it('refuses a file that is larger than the memory there is', async () => {
    const path = join(folder, 'hole');
    writeFileSync(path, '');
    truncateSync(path, 2 ** 40);
    const { code, errors } = await runProgram(`${DEMO} ${path}`);
    expect(errors).to.match(/FAILED: .* has 1,099,512 MB, but only .* MB of memory are free/);
    expect(code).to.equal(1);
  });

  it('fails when the process that claims dies', async () => {
    await using demo = new Program(`${DEMO} ${fileOf(Buffer.alloc(100_001, 'page'))}`);
    let claimer: number | undefined;
    while (!claimer) claimer = Number(/I have started process (\d+)/.exec(await demo.line())?.[1] ?? 0);
    process.kill(claimer, 'SIGKILL');
    const { code, errors } = await demo.ended;
    expect(errors).to.include('FAILED: the claiming process ended with SIGKILL');
    expect(code).to.equal(1);
  });

  describe('fails in the claimer', () => {
    it('of a table that has one wrong bit, in the column that it sums up or in another', async () => {
      for (const [column, complaint] of [
        ['delay', /FAILED: the sum of the delays is -?\d+ here/],
        ['distance', /FAILED: the checksum of the table is [0-9a-f]{8} here/],
      ] as const) {
        const { code, errors } = await runTableClaimer(1, column);
        expect(errors).to.match(complaint);
        expect(code).to.equal(1);
      }
      expect(await runTableClaimer(0, 'delay')).to.include({ code: 0, errors: '' });
    });

    it('of a reading claim whose memory has one wrong bit', async () => {
      const { code, errors } = await runClaimer('bytes-claimer', VMO_GRANT_R, 1);
      expect(errors).to.match(/FAILED: the checksum is [0-9a-f]{8} here, but [0-9a-f]{8} at the other process/);
      expect(code).to.equal(1);
    });

    it('of supplied files of which one has a wrong bit', async function () {
      requires(this, needs.userfault);
      const { code, errors } = await runSuppliedClaimer(1);
      expect(errors).to.match(/FAILED: weight \d+ of layer 31 is -?\d+/);
      expect(code).to.equal(1);
      expect(await runSuppliedClaimer(0)).to.include({ code: 0, errors: '' });
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

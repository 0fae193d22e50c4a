import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { fileRange } from '#ts/supply/suppliers/file-range.js';
import { openDescriptors } from '../support/fds.js';
import { PAGE } from '../support/pages.js';
import { contents, expectBytes, load, Wanted } from '../support/supplies.js';
import { rejectionOf, thrownBy } from '../support/vmo-error.js';

const MIB = 1 << 20;
const BYTES = 3 * MIB + 5;
/** In seconds: long before the file was opened. */
const LONG_AGO = 1_000_000_000;

describe('fileRange', () => {
  let folder: string;
  let path: string;
  const whole = contents(BYTES);
  const padded = Buffer.concat([whole, Buffer.alloc(PAGE)]);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vmoffer-file-range-'));
    path = join(folder, 'file');
    writeFileSync(path, whole);
    utimesSync(path, LONG_AGO, LONG_AGO);
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('brings any range, several at once, longer ones with progress', async () => {
    await using file = await load(fileRange(path));
    const ranges = [
      [0, PAGE],
      [MIB, MIB],
      [MIB - PAGE, 2 * MIB],
    ] as const;
    const found = await Promise.all(ranges.map(([at, byteLength]) => file.run(new Wanted(at, byteLength))));
    for (const { offset, byteLength, into } of found) expectBytes(into, whole.subarray(offset, offset + byteLength));
    expect(found.map(({ progressCount }) => progressCount)).to.deep.equal([1, 1, 2]);
  });

  it('fills the rest of the last page with zeros, and nothing beyond it', async () => {
    await using file = await load(fileRange(path));
    expectBytes(await file.fill(3 * MIB, PAGE), padded.subarray(3 * MIB, 3 * MIB + PAGE));
    const { message } = await rejectionOf(file.fill(3 * MIB, 2 * PAGE), 'ERR_VMO_SUPPLY');
    expect(message).to.include(`has ${BYTES} bytes, but ${2 * PAGE} at ${3 * MIB} are wanted`);
    await rejectionOf(file.fill(4 * MIB, PAGE), 'ERR_VMO_SUPPLY');
  });

  it('begins where it is told to', async () => {
    await using file = await load(fileRange(path, { offset: 777 }));
    expectBytes(await file.fill(PAGE, PAGE), whole.subarray(PAGE + 777, 2 * PAGE + 777));
    await rejectionOf(file.fill(3 * MIB, PAGE), 'ERR_VMO_SUPPLY');
  });

  it('brings the same in a Worker, whether a thread waits or not', async () => {
    const description = fileRange(path);
    const worker = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads');
      import(workerData.load).then(async ({ loadSupplier }) => {
        const supplier = await loadSupplier(workerData.description);
        const signal = new AbortController().signal;
        for (const waiting of [true, false]) {
          const into = new Uint8Array(${2 * MIB});
          await supplier({ offset: ${MIB}, byteLength: into.length, waiting, signal, progress() {} }, into);
          parentPort.postMessage(into);
        }
        await supplier[Symbol.asyncDispose]();
      });`,
      { eval: true, workerData: { load: import.meta.resolve('#ts/supply/load.js'), description } },
    );
    const found: Uint8Array[] = [];
    worker.on('message', (bytes: Uint8Array) => found.push(bytes));
    await once(worker, 'exit');
    expect(found).to.have.lengthOf(2);
    for (const bytes of found) expectBytes(bytes, whole.subarray(MIB, 3 * MIB));
  });

  it('takes a file: URL, and relative paths, which mean what they mean now', async () => {
    for (const given of [pathToFileURL(path), relative('.', path)]) {
      await using file = await load(fileRange(given));
      expectBytes(await file.fill(0, PAGE), whole.subarray(0, PAGE));
    }
    expect(fileRange('x').options).to.deep.equal({ path: join(process.cwd(), 'x'), offset: 0 });
  });

  it('refuses what is no path and no offset', () => {
    for (const given of [7, '', 'a\0b', new URL('http://localhost/x')]) {
      const { message } = thrownBy(() => fileRange(given as string), 'ERR_VMO_INVALID_ARGUMENT');
      expect(message).to.match(/^path must be the path of a file, or its file: URL, got /);
    }
    for (const offset of [-1, 1.5, '0']) {
      thrownBy(() => fileRange('x', { offset: offset as number }), 'ERR_VMO_INVALID_ARGUMENT');
    }
    thrownBy(() => fileRange('x', null as never), 'ERR_VMO_INVALID_ARGUMENT');
  });

  describe('fails at the start', () => {
    it('without a file', async () => {
      const error = await rejectionOf(load(fileRange(join(folder, 'none'))), 'ERR_VMO_SUPPLY');
      expect(error).to.include({ errno: 'ENOENT', syscall: 'open' });
      expect(error.message).to.include('could not be opened');
    });

    it('with what is no regular file', async () => {
      const pipe = join(folder, 'pipe');
      execFileSync('mkfifo', [pipe]);
      for (const other of [folder, pipe, '/dev/zero']) {
        const { message } = await rejectionOf(load(fileRange(other)), 'ERR_VMO_SUPPLY');
        expect(message).to.include(`${other} is not a regular file`);
      }
    });

    it('with an empty one, and one that ends before the offset', async () => {
      const atEnd = await rejectionOf(load(fileRange(path, { offset: BYTES })), 'ERR_VMO_SUPPLY');
      expect(atEnd.message).to.include(`has ${BYTES} bytes: there is nothing to supply from byte ${BYTES} on`);
      truncateSync(path, 0);
      await rejectionOf(load(fileRange(path)), 'ERR_VMO_SUPPLY');
    });

    it('with one that is too short for the memory, and says how much it can fill', async () => {
      const most = 3 * MIB + PAGE;
      await using file = await load(fileRange(path), { byteLength: most });
      expectBytes(await file.fill(most - PAGE, PAGE), padded.subarray(most - PAGE, most));
      const refused = load(fileRange(path), { byteLength: most + PAGE });
      const { message } = await rejectionOf(refused, 'ERR_VMO_INVALID_ARGUMENT');
      expect(message).to.include(`too few for the ${most + PAGE} that are to be supplied; supply ${most}`);
    });

    it('with one that is being written to', async () => {
      const write = () => {
        appendFileSync(path, 'x');
      };
      write();
      const writes = setInterval(write, 1);
      try {
        const { message } = await rejectionOf(load(fileRange(path)), 'ERR_VMO_SUPPLY');
        expect(message).to.include('is being written to; supply it when it is complete');
      } finally {
        clearInterval(writes);
      }
    });
  });

  describe('fails, and brings no mixture, when the file', () => {
    const changes: [what: string, change: () => void, complaint: string][] = [
      [
        'grows',
        () => {
          appendFileSync(path, 'x');
        },
        `it has ${BYTES + 1} bytes, and had ${BYTES}`,
      ],
      [
        'is written over',
        () => {
          writeFileSync(path, contents(BYTES, 2));
        },
        'its time of modification is another',
      ],
      [
        'is cut short',
        () => {
          truncateSync(path, PAGE);
        },
        'it ends at byte',
      ],
      [
        'is cut short behind the range',
        () => {
          truncateSync(path, 2 * MIB);
        },
        `it has ${2 * MIB} bytes`,
      ],
      [
        'is made older',
        () => {
          utimesSync(path, 1, 1);
        },
        'its time of modification is another',
      ],
    ];
    for (const [what, change, complaint] of changes) {
      it(what, async () => {
        await using file = await load(fileRange(path));
        expectBytes(await file.fill(0, PAGE), whole.subarray(0, PAGE));
        change();
        for (let round = 0; round < 2; round++) {
          const { message } = await rejectionOf(file.fill(MIB, PAGE), 'ERR_VMO_SUPPLY');
          expect(message).to.include('has been changed since it was opened').and.to.include(complaint);
        }
      });
    }

    it('was written just before it was opened, and again', async () => {
      for (let round = 0; round < 20; round++) {
        writeFileSync(path, whole);
        await using file = await load(fileRange(path));
        writeFileSync(path, contents(BYTES, 2));
        await rejectionOf(file.fill(MIB, PAGE), 'ERR_VMO_SUPPLY');
      }
    });
  });

  it('goes on with the file that was opened when another one is renamed over it, or it is removed', async () => {
    await using file = await load(fileRange(path));
    writeFileSync(join(folder, 'new'), contents(BYTES, 2));
    renameSync(join(folder, 'new'), path);
    expectBytes(await file.fill(MIB, PAGE), whole.subarray(MIB, MIB + PAGE));
    rmSync(path);
    symlinkSync('/dev/null', path);
    expectBytes(await file.fill(0, PAGE), whole.subarray(0, PAGE));
  });

  describe('heeds the signal', () => {
    it('when it is aborted before', async () => {
      await using file = await load(fileRange(path));
      const reason = new Error('too late');
      const error: unknown = await file.fill(0, PAGE, AbortSignal.abort(reason)).catch((caught: unknown) => caught);
      expect(error).to.equal(reason);
    });

    it('between two reads, and writes nothing after that', async () => {
      await using file = await load(fileRange(path));
      const controller = new AbortController();
      const wanted = new Wanted(0, 3 * MIB, controller.signal);
      wanted.progress = () => {
        controller.abort('enough');
      };
      expect(await file.run(wanted).catch((caught: unknown) => caught)).to.equal('enough');
      expect(wanted.into.subarray(MIB).every((byte) => byte === 0xee)).to.be.true;
    });
  });

  describe('when it is disposed of', () => {
    const isOpen = () => [...openDescriptors().values()].includes(path);

    it('ends the fills that are under way, and closes the file', async () => {
      const file = await load(fileRange(path));
      expect(isOpen()).to.be.true;
      const filling = file.fill(0, 3 * MIB);
      await file[Symbol.asyncDispose]();
      expect(isOpen()).to.be.false;
      expectBytes(await filling, whole.subarray(0, 3 * MIB));
      const { message } = await rejectionOf(file.fill(0, PAGE), 'ERR_VMO_SUPPLY');
      expect(message).to.include('has been disposed of');
    });

    it('has closed it also if it could not be made', async () => {
      await rejectionOf(load(fileRange(path), { byteLength: 2 ** 40 }), 'ERR_VMO_INVALID_ARGUMENT');
      expect(isOpen()).to.be.false;
      expect(readdirSync(folder)).to.deep.equal(['file']);
    });
  });
});

import { expect } from 'chai';
import { MessageChannel, Worker } from 'node:worker_threads';
import { allocate, vmClaimSync, vmOffer, VMO_DISOWN, VMO_GRANT_R, VMO_GRANT_W, type Region } from 'vmoffer';
import { hasDetachKeys } from '#ts/held-buffer.js';
import { addon } from '#ts/load-addon.js';
import { until } from '../support/barriers.js';
import { runProgram } from '../support/program.js';
import { nodeFrom, requires } from '../support/requires.js';
import { thrownBy } from '../support/vmo-error.js';

const BYTES = 65536;
const RWD = VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN;

interface Movable {
  transfer?(byteLength?: number): ArrayBuffer;
  transferToFixedLength?(byteLength?: number): ArrayBuffer;
}

interface Way {
  name: string;
  move: (buffer: ArrayBuffer & Movable) => unknown;
}

/** Methods of Node 22 and later. */
const METHODS: Way[] = [
  { name: 'transfer()', move: (buffer) => buffer.transfer?.() },
  { name: 'transfer() to fewer bytes', move: (buffer) => buffer.transfer?.(16) },
  { name: 'transfer() to none', move: (buffer) => buffer.transfer?.(0) },
  { name: 'transfer() to more', move: (buffer) => buffer.transfer?.(2 * BYTES) },
  { name: 'transferToFixedLength()', move: (buffer) => buffer.transferToFixedLength?.() },
];

const LISTS: Way[] = [
  { name: 'structuredClone()', move: (buffer) => structuredClone(buffer, { transfer: [buffer] }) },
  { name: 'a message port', move: post },
  { name: 'a worker', move: postToWorker },
];

function post(buffer: ArrayBuffer): void {
  const { port1, port2 } = new MessageChannel();
  try {
    port1.postMessage(buffer, [buffer]);
  } finally {
    port1.close();
    port2.close();
  }
}

function postToWorker(buffer: ArrayBuffer): void {
  const worker = new Worker('', { eval: true });
  try {
    worker.postMessage(buffer, [buffer]);
  } finally {
    void worker.terminate();
  }
}

function enqueue(buffer: ArrayBuffer): void {
  new ReadableStream({
    type: 'bytes',
    start: (controller) => {
      controller.enqueue(new Uint8Array(buffer));
    },
  });
}

function isRefused(way: Way, region: Region): boolean {
  try {
    way.move(region.buffer);
    return false;
  } catch {
    return true;
  }
}

function expectWhole(region: Region): void {
  expect(region.buffer.byteLength).to.equal(BYTES);
  expect(region.view()[BYTES - 1]).to.equal(7);
}

describe('the buffer of a region', () => {
  let region: Region;
  beforeEach(() => {
    region = allocate(BYTES);
    region.view().fill(7);
  });
  afterEach(() => {
    region.release();
  });

  for (const way of METHODS) {
    it(`is not moved by ${way.name}`, function () {
      requires(this, nodeFrom(22));
      expect(isRefused(way, region)).to.be.true;
      expectWhole(region);
    });
  }

  for (const way of LISTS) {
    it(`is not moved by the transfer list of ${way.name}`, () => {
      // Node 20 copies a marked buffer, as if it were not in the list.
      expect(isRefused(way, region)).to.equal(nodeFrom(21).isMet());
      expectWhole(region);
    });
  }

  it('leaves the rest of a transfer list where it is', function () {
    requires(this, nodeFrom(22));
    const other = new ArrayBuffer(8);
    expect(() => structuredClone(0, { transfer: [other, region.buffer] })).to.throw();
    expect(other.byteLength).to.equal(8);
  });

  it('is refused by a byte stream, or else the region says that it is gone', () => {
    if (hasDetachKeys(addon())) {
      expect(() => {
        enqueue(region.buffer);
      }).to.throw(TypeError);
      expectWhole(region);
      return;
    }
    enqueue(region.buffer);
    for (const use of [() => region.buffer, () => region.view(), () => vmOffer(process.pid, region, RWD)]) {
      expect(thrownBy(use, 'ERR_VMO_INVALID_ARGUMENT').message).to.match(/was moved away .*release the region/);
    }
  });

  for (const ending of ['end', 'wait']) {
    it(`that was moved out of a worker shows nobody else's memory after the worker's end (${ending})`, async () => {
      const { code, output, errors } = await runProgram(
        `node out/js/fixtures/moves-a-buffer-out-of-a-worker.js ${ending}`,
      );
      expect(code, errors).to.equal(0);
      const { moved, found, harmed } = JSON.parse(output) as { moved: number; found: number[]; harmed: number };
      expect(moved > 0, 'how far this runtime goes').to.equal(!hasDetachKeys(addon()));
      expect(found).to.deep.equal(found.map(() => 0));
      expect(harmed).to.equal(0);
    });
  }

  it('is detached by release(), whatever has tried to move it', () => {
    const { buffer } = region;
    for (const way of [...METHODS, ...LISTS]) isRefused(way, region);
    region.release();
    expect(buffer.byteLength).to.equal(0);
  });

  it('is detached by a hand-off, whatever has tried to move it', async () => {
    const { buffer } = region;
    for (const way of [...METHODS, ...LISTS]) isRefused(way, region);
    using claim = vmClaimSync(process.pid, vmOffer(process.pid, region, RWD).address);
    await until('the buffer is detached', () => buffer.byteLength === 0);
    expectWhole(claim);
  });
});

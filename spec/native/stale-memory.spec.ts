import { expect } from 'chai';
import { constants } from 'node:os';
import {
  allocate,
  vmClaimSync,
  vmOffer,
  VMO_DISOWN,
  VMO_GRANT_R,
  VMO_GRANT_W,
  type Claim,
  type ClaimOptions,
  type Region,
} from 'vmoffer';
import { PAGE } from '../support/pages.js';
import { probe, touchOnThread, writtenUntilItFails } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';

const { EFAULT } = constants.errno;
const PAGES = 64;
const MARK = 0x41;
const SHARED = VMO_GRANT_R | VMO_GRANT_W;

function marked(options = {}): Region {
  const region = allocate(PAGES * PAGE, options);
  region.view().fill(MARK);
  return region;
}

function claimed(flags: number, options?: ClaimOptions): Claim {
  return vmClaimSync(process.pid, vmOffer(process.pid, marked(), flags).address, options);
}

interface Way {
  name: string;
  /** Makes the memory to which a pointer is held. */
  make: () => Region;
  /** Lets the memory go. Returns the claim to release afterwards, if there is one. */
  letGo: (region: Region) => Claim | undefined;
}

function release(region: Region): undefined {
  region.release();
}

function handOver(options?: ClaimOptions) {
  return (region: Region): Claim =>
    vmClaimSync(process.pid, vmOffer(process.pid, region, SHARED | VMO_DISOWN).address, options);
}

const WAYS: Way[] = [
  { name: 'memory that was allocated and released', make: marked, letGo: release },
  { name: 'huge pages that were released', make: () => marked({ hugePages: true }), letGo: release },
  { name: 'a released claim to read', make: () => claimed(VMO_GRANT_R), letGo: release },
  { name: 'a released claim to write', make: () => claimed(SHARED), letGo: release },
  { name: 'a released claim paged by the kernel', make: () => claimed(SHARED, { paging: 'kernel' }), letGo: release },
  { name: 'a released claim that was pulled', make: () => claimed(VMO_GRANT_R, { transfer: 'pull' }), letGo: release },
  { name: 'memory that was handed over', make: marked, letGo: handOver() },
  { name: 'memory that was pulled away', make: marked, letGo: handOver({ transfer: 'pull' }) },
  { name: 'a claim that was handed on', make: () => claimed(SHARED | VMO_DISOWN), letGo: handOver() },
];

describe('memory that has gone', () => {
  before(function () {
    requires(this, needs.probe, needs.userfault);
  });
  afterEach(() => {
    probe().deny('faults on stale memory', false);
  });

  for (const { name, make, letGo } of WAYS) {
    it(`fails a system call, and shows the program zeros: ${name}`, async () => {
      const region = make();
      const { address } = region;
      const held = region.buffer; // holds the addresses
      expect(probe().writeFrom(address, 3 * PAGE)).to.equal(3 * PAGE);
      letGo(region);
      for (const page of [0, 1, PAGES - 1]) {
        const at = address + BigInt(page * PAGE);
        expect(probe().writeFrom(at, 100), `page ${page}`).to.equal(-EFAULT);
        expect(await touchOnThread(at + 17n), `page ${page}`).to.equal(0);
        expect(await touchOnThread(at + 17n, true), `page ${page}`).to.equal(1);
      }
      expect(held.byteLength).to.equal(0);
    });

    it(`never passes for data in a write under way: ${name}`, async () => {
      for (let round = 0; round < 20; ++round) {
        const region = make();
        const held = region.buffer;
        const writing = writtenUntilItFails(region.address, 16 * PAGE, MARK);
        const kept = letGo(region);
        expect(await writing).to.deep.equal({ errno: EFAULT, wrong: 0 });
        expect(held.byteLength).to.equal(0);
        kept?.release();
      }
    });
  }

  it('may be a part of a region: the rest stays as it was', () => {
    using region = marked();
    const { address } = region;
    const part = vmOffer(process.pid, region.range(8 * PAGE, 4 * PAGE), SHARED | VMO_DISOWN);
    using claim = vmClaimSync(process.pid, part.address);
    expect(claim.view()[0]).to.equal(MARK);
    const sizes = Array.from({ length: 20 }, (_, page) => probe().writeFrom(address + BigInt(page * PAGE), PAGE));
    const expected = sizes.map((_, page) => (page >= 8 && page < 12 ? -EFAULT : PAGE));
    expect(sizes).to.deep.equal(expected);
  });

  it('answers touches while other memory is going', async () => {
    for (let round = 0; round < 50; ++round) {
      const gone = marked();
      const { address, buffer } = gone;
      gone.release();
      const others = Array.from({ length: 8 }, () => marked());
      const buffers = others.map((other) => other.buffer);
      const touched = Array.from({ length: 8 }, (_, page) => touchOnThread(address + BigInt(page * PAGE)));
      for (const other of others) other.release();
      expect(await Promise.all(touched)).to.deep.equal(touched.map(() => 0));
      for (const each of [buffer, ...buffers]) expect(each.byteLength).to.equal(0);
    }
  });

  it('shows zeros to system calls, too, if no page fault can be answered', () => {
    probe().deny('faults on stale memory', true);
    const region = marked();
    const { address, buffer } = region;
    region.release();
    expect(probe().writeFrom(address, PAGE)).to.equal(PAGE);
    expect(buffer.byteLength).to.equal(0);
  });
});

import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  allocate,
  incomingOffers,
  vmClaim,
  vmClaimSync,
  vmListOfferSync,
  vmOffer,
  VMO_DROP_R,
  VMO_DROP_W,
  VMO_GRANT_R,
  VMO_GRANT_W,
  VMO_GRANT_X,
  type ClaimOptions,
  type Region,
  type VmoErrorCode,
} from 'vmoffer';
import { until } from '../support/barriers.js';
import { openDescriptors } from '../support/fds.js';
import { expectHonestClaim } from '../support/honest-claim.js';
import { objectMappings } from '../support/mappings.js';
import { claimOwn } from '../support/own-claim.js';
import { PAGE } from '../support/pages.js';
import { rejectionOf, thrownBy } from '../support/vmo-error.js';

const INVALID = 'ERR_VMO_INVALID_ARGUMENT';
const PAGES = 4;

/** Values that are no pid of a process, by their names in titles. */
const NO_PIDS: Record<string, unknown> = {
  zero: 0,
  negative: -7,
  fractional: 1.5,
  'not a number (NaN)': NaN,
  infinite: Infinity,
  'larger than any pid': 2 ** 22 + 1,
  'a string': '1',
  'a bigint': 1n,
  null: null,
  undefined: undefined,
};

const NO_ADDRESSES: Record<string, unknown> = {
  'a number': 4096,
  'a string': '0x1000',
  zero: 0n,
  negative: -4096n,
  'beyond user space': 1n << 63n,
  'not the start of a page': 0x7000_0001n,
  undefined: undefined,
};

const NO_LENGTHS: Record<string, unknown> = {
  zero: 0,
  negative: -PAGE,
  'half a page': PAGE / 2,
  'a page and a byte': PAGE + 1,
  fractional: PAGE + 0.5,
  'not a number (NaN)': NaN,
  infinite: Infinity,
  'a string': '4096',
  'a bigint': 4096n,
  undefined: undefined,
};

const NO_FLAGS: Record<string, unknown> = {
  'that grant nothing': 0,
  'that drop and grant nothing': VMO_DROP_W,
  'with an unknown bit': VMO_GRANT_R | 64,
  'with a high unknown bit': VMO_GRANT_R + 2 ** 40,
  'that are negative': -1,
  'that are fractional': 1.5,
  'that are not a number (NaN)': NaN,
  'that are a string': '1',
  'that are left out': undefined,
  'that drop reading and keep writing': VMO_GRANT_R | VMO_DROP_R,
};

const NO_CLAIM_OPTIONS: Record<string, unknown> = {
  'that are no object': 5,
  'that are null': null,
  'with an unknown paging': { paging: 'lazy' },
  'with an unknown transfer': { transfer: 'copy' },
  'with a timeout of 0': { timeoutMs: 0 },
  'with a negative timeout': { timeoutMs: -1 },
  'with a timeout that is no number': { timeoutMs: '5' },
  'with a timeout that is NaN': { timeoutMs: NaN },
  'with an endless timeout': { timeoutMs: Infinity },
  'with a prefetch that is no boolean': { prefetch: { byteLength: PAGE } },
  'with a signal that is none': { signal: {} },
};

/** The broker closes connections when it has time, so the counts may fall later, but must never grow. */
function descriptorsAndMappings(): [number, number] {
  return [openDescriptors().size, objectMappings().length];
}

async function endedPid(): Promise<number> {
  const brief = spawn('true');
  await once(brief, 'exit');
  return brief.pid ?? 0;
}

/** Passes a value that the types do not allow. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the type is the one that is expected
const wrong = <T>(value: unknown): T => value as T;

describe('bad input', () => {
  let region: Region;
  let held: [number, number];
  before(expectHonestClaim);
  before(endedPid); // with its first child Node opens a descriptor that it keeps
  beforeEach(() => {
    region = allocate(PAGES * PAGE);
    region.view().fill(7);
    held = descriptorsAndMappings();
  });
  afterEach(async () => {
    expect(vmListOfferSync()).to.be.empty;
    await until('no descriptor and no mapping is left', () =>
      descriptorsAndMappings().every((count, index) => count <= (held[index] ?? 0)),
    );
    if (!region.released) expect(region.view().every((byte) => byte === 7)).to.be.true;
    region.release();
  });

  describe('vmOffer refuses', () => {
    for (const [title, pid] of Object.entries(NO_PIDS)) {
      it(`a destination pid that is ${title}`, () => {
        const error = thrownBy(() => vmOffer(wrong(pid), region, VMO_GRANT_R), INVALID);
        expect(error.message).to.match(/^destPid must be the pid of one process/);
      });
    }

    for (const [title, flags] of Object.entries(NO_FLAGS)) {
      it(`flags ${title}`, () => {
        thrownBy(() => vmOffer(process.pid, region, wrong(flags)), INVALID);
        thrownBy(() => vmOffer(process.pid, region.address, PAGES * PAGE, wrong(flags)), INVALID);
      });
    }

    for (const [title, address] of Object.entries(NO_ADDRESSES)) {
      it(`an address that is ${title}`, () => {
        thrownBy(() => vmOffer(process.pid, wrong<bigint>(address), PAGE, VMO_GRANT_R), INVALID);
      });
    }

    // A length of 0 cancels.
    for (const [title, byteLength] of Object.entries(NO_LENGTHS).filter(([name]) => name !== 'zero')) {
      it(`a length that is ${title}`, () => {
        thrownBy(() => vmOffer(process.pid, region.address, wrong<number>(byteLength), VMO_GRANT_R), INVALID);
      });
    }

    it('a length that is not whole pages, and names the page size', () => {
      const error = thrownBy(() => vmOffer(process.pid, region.address, PAGE + 1, VMO_GRANT_R), INVALID);
      expect(error.message).to.include(String(PAGE));
    });

    it('a range that goes beyond the region', () => {
      const length = (PAGES + 1) * PAGE;
      const error = thrownBy(() => vmOffer(process.pid, region.address, length, VMO_GRANT_R), INVALID);
      expect(error).to.include({ pid: process.pid, address: region.address });
    });

    it('a range that begins before the region', () => {
      thrownBy(() => vmOffer(process.pid, region.address - BigInt(PAGE), 2 * PAGE, VMO_GRANT_R), INVALID);
    });

    it('an address at which nothing is mapped', () => {
      const address = 0x1000n;
      const error = thrownBy(() => vmOffer(process.pid, address, PAGE, VMO_GRANT_R), INVALID);
      expect(error).to.include({ pid: process.pid, address });
    });

    it('memory that the library did not allocate', () => {
      const foreign = new Uint8Array(new ArrayBuffer(64 * PAGE));
      thrownBy(() => vmOffer(process.pid, foreign, VMO_GRANT_R), INVALID);
    });

    it('an ArrayBuffer, and says what to offer instead', () => {
      const error = thrownBy(() => vmOffer(process.pid, wrong<Region>(region.buffer), VMO_GRANT_R), INVALID);
      expect(error.message).to.include('offer the Region it belongs to');
    });

    for (const [title, memory] of Object.entries({ null: null, undefined, 'a string': 'memory', 'an object': {} })) {
      it(`memory that is ${title}`, () => {
        thrownBy(() => vmOffer(process.pid, wrong<Region>(memory), VMO_GRANT_R), INVALID);
      });
    }

    for (const [title, [start, end]] of Object.entries({
      'that is empty': [0, 0],
      'that begins inside of a page': [1, PAGE + 1],
      'that ends inside of a page': [0, PAGE + 1],
    })) {
      it(`a view ${title}`, () => {
        thrownBy(() => vmOffer(process.pid, region.view().subarray(start, end), VMO_GRANT_R), INVALID);
      });
    }

    it('a region that has been released', () => {
      const { address } = region;
      region.release();
      const error = thrownBy(() => vmOffer(process.pid, region, VMO_GRANT_R), INVALID);
      expect(error.address).to.equal(address);
      thrownBy(() => vmOffer(process.pid, address, PAGES * PAGE, VMO_GRANT_R), INVALID);
    });

    it('a range of a region that has been released', () => {
      const range = region.range(0, PAGE);
      region.release();
      thrownBy(() => vmOffer(process.pid, range, VMO_GRANT_R), INVALID);
    });

    it('a view of a region that has been released', () => {
      const view = region.view();
      region.release();
      thrownBy(() => vmOffer(process.pid, view, VMO_GRANT_R), INVALID);
    });

    it('X of memory that was not allocated executable', () => {
      const error = thrownBy(() => vmOffer(process.pid, region, VMO_GRANT_R | VMO_GRANT_X), 'ERR_VMO_NOT_PERMITTED');
      expect(error).to.include({ pid: process.pid, address: region.address });
      expect(error.message).to.include('executable: true');
    });

    it('a destination that has ended', async () => {
      const pid = await endedPid();
      const error = thrownBy(() => vmOffer(pid, region, VMO_GRANT_R), 'ERR_VMO_NO_PROCESS');
      expect(error).to.include({ pid, address: region.address, errno: 'ESRCH', syscall: 'pidfd_open' });
    });
  });

  it('vmOffer refuses more than a claim was granted', async () => {
    const offered = vmOffer(process.pid, region, VMO_GRANT_R);
    const claim = vmClaimSync(process.pid, region.address);
    for (const flags of [VMO_GRANT_W, VMO_GRANT_X, VMO_GRANT_R | VMO_GRANT_W]) {
      const error = thrownBy(() => vmOffer(process.pid, claim, flags), 'ERR_VMO_NOT_PERMITTED');
      expect(error).to.include({ pid: process.pid, address: claim.address });
    }
    claim.release();
    await offered.released;
  });

  it('a released claim can be neither used nor offered', () => {
    const claim = claimOwn(region);
    const { address } = claim;
    claim.release();
    for (const use of [
      () => claim.buffer,
      () => claim.view(),
      () => claim.range(0, PAGE),
      () => claim.residency(),
      () => vmOffer(process.pid, claim, VMO_GRANT_R),
    ]) {
      expect(thrownBy(use, INVALID).address).to.equal(address);
    }
  });

  describe('region.range refuses', () => {
    for (const [title, byteLength] of Object.entries(NO_LENGTHS)) {
      it(`a length that is ${title}`, () => {
        thrownBy(() => region.range(0, wrong(byteLength)), INVALID);
      });
    }

    for (const [title, byteOffset] of Object.entries({
      negative: -PAGE,
      'inside of a page': 1,
      'past the end': PAGES * PAGE,
    })) {
      it(`an offset that is ${title}`, () => {
        thrownBy(() => region.range(byteOffset, PAGE), INVALID);
      });
    }
  });

  describe('allocate refuses', () => {
    for (const [title, byteLength] of Object.entries(NO_LENGTHS)) {
      it(`a length that is ${title}`, () => {
        thrownBy(() => allocate(wrong(byteLength)), INVALID);
      });
    }

    it('more than an address space holds', () => {
      expect(thrownBy(() => allocate(2 ** 52), 'ERR_VMO_NO_MEMORY')).to.have.property('errno');
    });

    for (const options of [null, 5, { executable: 1 }, { hugePages: 'yes' }]) {
      it(`options ${JSON.stringify(options)}`, () => {
        thrownBy(() => allocate(PAGE, wrong(options)), INVALID);
      });
    }
  });

  for (const { name, refusal } of [
    {
      name: 'vmClaim',
      refusal: (pid: unknown, address: unknown, options?: unknown, code: VmoErrorCode = INVALID) =>
        rejectionOf(vmClaim(wrong(pid), wrong(address), wrong<ClaimOptions>(options)), code),
    },
    {
      name: 'vmClaimSync',
      refusal: (pid: unknown, address: unknown, options?: unknown, code: VmoErrorCode = INVALID) =>
        Promise.resolve(thrownBy(() => vmClaimSync(wrong(pid), wrong(address), wrong<ClaimOptions>(options)), code)),
    },
  ]) {
    describe(`${name} refuses`, () => {
      for (const [title, pid] of Object.entries(NO_PIDS)) {
        it(`a source pid that is ${title}`, async () => {
          const error = await refusal(pid, region.address);
          expect(error.message).to.match(/^srcPid must be the pid of one process/);
        });
      }

      for (const [title, address] of Object.entries(NO_ADDRESSES)) {
        it(`an address that is ${title}`, async () => {
          await refusal(process.pid, address);
        });
      }

      for (const [title, options] of Object.entries(NO_CLAIM_OPTIONS)) {
        it(`options ${title}`, async () => {
          await refusal(process.pid, region.address, options);
        });
      }

      it('memory that is not offered', async () => {
        const error = await refusal(process.pid, region.address, undefined, 'ERR_VMO_NOT_OFFERED');
        expect(error).to.include({ pid: process.pid, address: region.address });
      });

      it('memory that has been claimed already', async () => {
        const claim = claimOwn(region);
        await refusal(process.pid, region.address, undefined, 'ERR_VMO_NOT_OFFERED');
        claim.release();
      });
    });
  }

  describe('incomingOffers refuses', () => {
    for (const [title, from] of Object.entries(NO_PIDS).filter(([name]) => name !== 'undefined')) {
      it(`a pid that is ${title}`, () => {
        thrownBy(() => incomingOffers({ from: wrong(from) }), INVALID);
      });
    }

    for (const options of [null, 5, { signal: 'stop' }]) {
      it(`options ${JSON.stringify(options)}`, () => {
        thrownBy(() => incomingOffers(wrong(options)), INVALID);
      });
    }
  });
});

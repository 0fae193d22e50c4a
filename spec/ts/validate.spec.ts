import { expect } from 'chai';
import type { ClaimOptions } from 'vmoffer';
import { checkClaimOptions } from '#ts/options.js';
import { checkPrefetchOptions } from '#ts/prefetch-queue.js';
import * as validate from '#ts/validate.js';
import { thrownBy } from '../support/vmo-error.js';

const PAGE = 4096;

function refusalOf(action: () => unknown): string {
  return thrownBy(action, 'ERR_VMO_INVALID_ARGUMENT').message;
}

describe('validate', () => {
  describe('a pid', () => {
    for (const pid of [1, 4242, validate.MAX_PID]) {
      it(`may be ${pid}`, () => {
        validate.checkPid(pid, 'destPid');
      });
    }

    for (const pid of [0, -1, 1.5, NaN, Infinity, validate.MAX_PID + 1, '7', 7n, null, undefined, {}]) {
      it(`may not be ${validate.describeValue(pid)}`, () => {
        const message = refusalOf(() => {
          validate.checkPid(pid, 'destPid');
        });
        expect(message).to.include('destPid').and.to.include(validate.describeValue(pid)).and.to.include('process.pid');
      });
    }
  });

  describe('an address', () => {
    it('is a bigint at the start of a page', () => {
      validate.checkAddress(0x7f0000001000n, 'address', PAGE);
    });

    it('may not be a number, because numbers are not exact enough', () => {
      expect(
        refusalOf(() => {
          validate.checkAddress(4096, 'address', PAGE);
        }),
      ).to.include('bigint');
    });

    for (const address of [0n, -4096n, 1n << 63n]) {
      it(`is not ${address}n`, () => {
        expect(
          refusalOf(() => {
            validate.checkAddress(address, 'address', PAGE);
          }),
        ).to.include('not an address');
      });
    }

    it('is refused in the middle of a page, with the page size in the message', () => {
      const error = thrownBy(() => {
        validate.checkAddress(0x1008n, 'address', PAGE);
      }, 'ERR_VMO_INVALID_ARGUMENT');
      expect(error.message).to.include('0x1008').and.to.include('4096');
      expect(error.address).to.equal(0x1008n);
    });
  });

  describe('whole pages', () => {
    it('are multiples of the page size, up to more than one ArrayBuffer holds', () => {
      validate.checkWholePages(PAGE, 'byteLength', PAGE);
      validate.checkWholePages(2 ** 40, 'byteLength', PAGE);
    });

    it('are at least one', () => {
      expect(
        refusalOf(() => {
          validate.checkWholePages(0, 'byteLength', PAGE);
        }),
      ).to.include('at least one page');
    });

    it('are suggested below and above the requested length', () => {
      expect(
        refusalOf(() => {
          validate.checkWholePages(5000, 'byteLength', PAGE);
        }),
      ).to.include('use 4096 or 8192');
      expect(
        refusalOf(() => {
          validate.checkWholePages(1, 'byteLength', PAGE);
        }),
      ).to.match(/use 4096$/);
    });

    for (const value of [-4096, 4096.5, NaN, Infinity, 2 ** 53, '4096', 4096n, undefined]) {
      it(`are not ${validate.describeValue(value)}`, () => {
        expect(
          refusalOf(() => {
            validate.checkWholePages(value, 'byteLength', PAGE);
          }),
        ).to.include('byteLength');
      });
    }

    it('may begin at offset 0', () => {
      validate.checkPageOffset(0, 'byteOffset', PAGE);
      expect(
        refusalOf(() => {
          validate.checkPageOffset(100, 'byteOffset', PAGE);
        }),
      ).to.include('byteOffset 100');
    });
  });

  it('may not end beyond the region; the error says by how much', () => {
    validate.checkWithin(PAGE, PAGE, 2 * PAGE);
    expect(
      refusalOf(() => {
        validate.checkWithin(PAGE, 2 * PAGE, 2 * PAGE);
      }),
    ).to.include('shorten it by 4096');
  });

  describe('claim options', () => {
    it('have defaults', () => {
      const { signal, ...others } = checkClaimOptions({});
      expect(signal).to.be.undefined;
      const switches = { prefetch: false, hugetlb: false, immutable: false, zerosOnSupplyFailure: false };
      expect(others).to.deep.equal({ transfer: 'map', paging: 'auto', timeoutMs: 5000, ...switches });
    });

    it('name the words they know', () => {
      const paging = refusalOf(() => checkClaimOptions({ paging: 'lazy' } as unknown as ClaimOptions));
      expect(paging).to.include("'lazy'").and.to.include("'auto', 'userfault', 'kernel', 'eager'");
      const failure = refusalOf(() => checkClaimOptions({ onSupplyFailure: 'no' } as unknown as ClaimOptions));
      expect(failure).to.include("'no'").and.to.include("'signal', 'zeros'");
      const transfer = refusalOf(() => checkClaimOptions({ transfer: 'push' } as unknown as ClaimOptions));
      expect(transfer).to.include("'push'").and.to.include("'map', 'pull'");
    });

    it("may pull, but not with the kernel's paging, which copies nothing", () => {
      expect(checkClaimOptions({ transfer: 'pull' })).to.include({ transfer: 'pull' });
      expect(refusalOf(() => checkClaimOptions({ transfer: 'pull', paging: 'kernel' }))).to.include("'kernel'");
    });

    for (const name of ['prefetch', 'hugetlb', 'immutable']) {
      it(`refuse ${name} that is neither true nor false`, () => {
        expect(refusalOf(() => checkClaimOptions({ [name]: 'yes' }))).to.include(name);
      });
    }

    for (const timeoutMs of [0, -1, NaN, Infinity, '5', null]) {
      it(`refuse a timeout of ${validate.describeValue(timeoutMs)}`, () => {
        expect(refusalOf(() => checkClaimOptions({ timeoutMs } as ClaimOptions))).to.include('timeoutMs');
      });
    }

    it('refuse a signal that is no AbortSignal, and values that are no options', () => {
      const controller = new AbortController();
      expect(checkClaimOptions({ signal: controller.signal }).signal).to.equal(controller.signal);
      expect(refusalOf(() => checkClaimOptions({ signal: controller } as unknown as ClaimOptions))).to.include(
        'signal',
      );
      expect(refusalOf(() => checkClaimOptions(5 as unknown as ClaimOptions))).to.include('options');
    });
  });

  describe('prefetch options', () => {
    const limit = 8 * PAGE;

    it('mean the whole claim by default', () => {
      expect(checkPrefetchOptions({}, limit, PAGE)).to.include({ begin: 0, end: limit, priority: 0 });
    });

    it('widen a byte range to whole pages', () => {
      const range = { byteOffset: PAGE + 1, byteLength: PAGE };
      expect(checkPrefetchOptions(range, limit, PAGE)).to.include({ begin: PAGE, end: 3 * PAGE });
      expect(checkPrefetchOptions({ byteOffset: limit - 1 }, limit, PAGE)).to.include({
        begin: limit - PAGE,
        end: limit,
      });
    });

    it('may be empty', () => {
      const range = checkPrefetchOptions({ byteOffset: PAGE, byteLength: 0 }, limit, PAGE);
      expect(range.begin).to.equal(range.end);
    });

    it('refuse a range outside the claim', () => {
      expect(refusalOf(() => checkPrefetchOptions({ byteOffset: limit + 1 }, limit, PAGE))).to.include('beyond');
      expect(refusalOf(() => checkPrefetchOptions({ byteLength: limit + 1 }, limit, PAGE))).to.include('shorten');
      expect(refusalOf(() => checkPrefetchOptions({ byteOffset: -1 }, limit, PAGE))).to.include('byteOffset');
    });

    it('refuse a priority that is not a number', () => {
      expect(refusalOf(() => checkPrefetchOptions({ priority: NaN }, limit, PAGE))).to.include('priority');
    });
  });
});

import { expect } from 'chai';
import { VmoError } from '#ts/errors.js';
import type { Native, NativeClaim, NativeClaimOptions, NativeRegion } from '#ts/native.js';
import { withSecondTry } from '#ts/second-try.js';
import { thrownBy } from '../support/vmo-error.js';

const OPTIONS: NativeClaimOptions = { transfer: 'map', paging: 'auto', timeoutMs: 1000, kind: 'memory' };
const REGION = {} as NativeRegion;
const CLAIM = {} as NativeClaim;
const OTHER_PID = process.pid + 1;

function lacks(errno: string): VmoError {
  return new VmoError('ERR_VMO_TOO_MANY', `no more: ${errno}`, { errno });
}

type Done = (error: Error | null, claim?: NativeClaim) => void;

/** An addon that fails as programmed, with a clock of its own. */
class Stub {
  /** The errors of the first calls, in order. Later calls succeed. */
  failures: VmoError[] = [];
  givesBack = true;
  collectionMs = 20;
  collections = 0;
  timeouts: number[] = [];
  abandoned = 0;
  now = 0;
  #done: Done | undefined;

  readonly native = withSecondTry(
    {
      collect: () => {
        this.collections++;
        this.now += this.collectionMs;
        return this.givesBack;
      },
      allocate: () => {
        const failure = this.failures.shift();
        if (failure) throw failure;
        return REGION;
      },
      claim: (_pid: number, _address: bigint, { timeoutMs }: NativeClaimOptions, done: Done) => {
        this.timeouts.push(timeoutMs);
        this.#done = done;
        return this.timeouts.length;
      },
      abandonClaim: () => this.abandoned++,
    } as unknown as Native,
    () => this.now,
  );

  settle(error: Error | null): void {
    const done = this.#done;
    this.#done = undefined;
    if (error) done?.(error);
    else done?.(null, CLAIM);
  }

  allocate(): NativeRegion {
    return this.native.allocate(4096, false, false);
  }
}

describe('a second try', () => {
  let stub: Stub;
  beforeEach(() => {
    stub = new Stub();
  });

  for (const errno of ['EMFILE', 'ENFILE', 'ENOMEM']) {
    it(`follows a collection after ${errno}`, () => {
      stub.failures = [lacks(errno)];
      expect(stub.allocate()).to.equal(REGION);
      expect(stub.collections).to.equal(1);
    });
  }

  it('does not follow other errors, or a lack of another process', () => {
    const strange = [
      new VmoError('ERR_VMO_UNSUPPORTED', 'no', { errno: 'EPERM' }),
      new VmoError('ERR_VMO_TOO_MANY', 'at the source: no more', { pid: OTHER_PID }),
    ];
    for (const error of strange) {
      stub.failures = [error];
      expect(thrownBy(() => stub.allocate(), error.code)).to.equal(error);
    }
    expect(stub.collections).to.equal(0);
  });

  it('follows a lack of this process if it is the source of its own claim', () => {
    for (const code of ['ERR_VMO_TOO_MANY', 'ERR_VMO_NO_MEMORY', 'ERR_VMO_PEER_GONE'] as const) {
      stub.failures = [new VmoError(code, 'at the source: no more', { pid: process.pid })];
      expect(stub.allocate()).to.equal(REGION);
    }
  });

  it('is not made if the collection has freed nothing', () => {
    stub.givesBack = false;
    stub.failures = [lacks('EMFILE')];
    thrownBy(() => stub.allocate(), 'ERR_VMO_TOO_MANY');
    expect(stub.allocate()).to.equal(REGION);
    expect(stub.collections).to.equal(1);
  });

  it('is made once, and if it fails the first error is thrown', () => {
    const first = lacks('EMFILE');
    stub.failures = [first, lacks('ENFILE'), lacks('ENFILE')];
    expect(thrownBy(() => stub.allocate(), 'ERR_VMO_TOO_MANY')).to.equal(first);
    expect(stub.collections).to.equal(1);
    expect(stub.failures).to.have.lengthOf(1);
  });

  it('takes a tenth of the time at most if every collection is in vain', () => {
    stub.givesBack = false;
    for (let second = 0; second < 100; second++) {
      for (let times = 0; times < 10; times++) {
        stub.failures = [lacks('EMFILE')];
        thrownBy(() => stub.allocate(), 'ERR_VMO_TOO_MANY');
        stub.now += 80;
      }
    }
    expect(stub.collections * stub.collectionMs).to.be.closeTo(1000 + stub.now / 10, 200);
  });

  it('is made for a claim that fails in its callback, within the rest of its timeout', () => {
    const outcomes: unknown[] = [];
    stub.native.claim(OTHER_PID, 0n, OPTIONS, (error, claim) => outcomes.push(error ?? claim));
    stub.now += 300;
    stub.settle(lacks('EMFILE'));
    expect(outcomes).to.deep.equal([]);
    stub.settle(null);
    expect(outcomes).to.deep.equal([CLAIM]);
    expect(stub.timeouts).to.deep.equal([1000, 1000 - 300 - stub.collectionMs]);
  });

  it('of a claim is the last, and reports the first error', () => {
    const first = lacks('EMFILE');
    const outcomes: unknown[] = [];
    stub.native.claim(OTHER_PID, 0n, OPTIONS, (error, claim) => outcomes.push(error ?? claim));
    stub.settle(first);
    stub.settle(lacks('ENFILE'));
    expect(outcomes).to.deep.equal([first]);
    expect(stub.collections).to.equal(1);
  });

  it('is not made for a claim that was abandoned meanwhile, and can be abandoned itself', () => {
    const outcomes: unknown[] = [];
    const begin = () => stub.native.claim(OTHER_PID, 0n, OPTIONS, (error, claim) => outcomes.push(error ?? claim));
    const abandon = begin();
    abandon();
    const first = lacks('EMFILE');
    stub.settle(first);
    expect(outcomes).to.deep.equal([first]);
    const abandonSecond = begin();
    stub.settle(lacks('EMFILE'));
    abandonSecond();
    expect(stub.abandoned).to.equal(2);
    expect(stub.timeouts).to.have.lengthOf(3);
  });
});

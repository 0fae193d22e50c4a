import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import {
  allocate,
  supply,
  vmClaim,
  vmOffer,
  VmoError,
  VMO_GRANT_R,
  VMO_GRANT_W,
  type Claim,
  type Offer,
  type Region,
} from 'vmoffer';
import { until } from '../support/barriers.js';
import { NOBODY } from '../support/child.js';
import { startObedient, type Obedient } from '../support/obedient.js';
import { expectPages, fillPages, PAGE } from '../support/pages.js';
import { needs, requires } from '../support/requires.js';
import { rejectionOf } from '../support/vmo-error.js';
import { fillWords } from '../support/words.js';
import { runs, withDescriptors } from '../support/wrappers.js';

const SEED = 161;
const PAGES = 4;
/** More than any step of the library takes, including those that its broker keeps back as soon as it can. */
const ENOUGH = 18;
const FEW_DESCRIPTORS = withDescriptors(100);
const AS_NOBODY = { uid: NOBODY, gid: NOBODY };
/** x86-64: mlockall(MCL_FUTURE). */
const LOCK_WHAT_COMES = [0xb8, 0x97, 0, 0, 0, 0xbf, 2, 0, 0, 0, 0x0f, 0x05, 0xc3];
const machineCode = { what: 'x86-64', remedy: 'run it there', isMet: () => process.arch === 'x64' };
/** Without memory that it can lock, V8 ends the process at its next collection. */
const ROOM_OF_V8 = 4 * 2 ** 20;
const LEFT = Array.from({ length: ENOUGH + 1 }, (_, count) => count);

describe('a process with few file descriptors left', () => {
  let child: Obedient;
  let region: Region;
  beforeEach(async () => {
    child = await startObedient({ wrapper: FEW_DESCRIPTORS });
    await child.call('capabilities'); // the addon is loaded
    region = allocate(PAGES * PAGE);
    fillPages(region.view(), SEED);
  });
  afterEach(async () => {
    region.release();
    await child[Symbol.asyncDispose]();
  });

  /**
   * Tries the action with 0, 1, 2, … descriptors left. It fails with ERR_VMO_TOO_MANY until there are enough. In between it
   * may succeed or fail, since a second try finds the descriptors that the first had in use.
   */
  async function expectTooMany(action: () => Promise<unknown>): Promise<void> {
    const outcomes: string[] = [];
    for (const left of LEFT) {
      await child.call('leaveDescriptors', left);
      outcomes.push(await outcomeOf(action()));
      await child.call('freeDescriptors');
    }
    expect(outcomes.join(' '), outcomes.join(' ')).to.match(/^ERR_VMO_TOO_MANY (ERR_VMO_TOO_MANY |done )*(done ?){6}$/);
  }

  it('cannot load the addon, and can when it has more', async () => {
    await using fresh = await startObedient({ wrapper: FEW_DESCRIPTORS });
    await fresh.call('leaveDescriptors', 0);
    const error = await rejectionOf(fresh.call('capabilities'), 'ERR_VMO_TOO_MANY');
    expect(error.message).to.match(/\.node could not be loaded: .*; raise the limit of open files \(ulimit -n\)/);
    await fresh.call('freeDescriptors');
    await fresh.call('capabilities');
  });

  it('cannot allocate', async () => {
    await expectTooMany(() => child.call('allocate', 1));
  });

  it('cannot offer to a process that it has not offered to before', async () => {
    const { region: memory } = await child.call('allocate', 1);
    await expectTooMany(async () => {
      const { offer } = await child.call('offer', process.pid, memory, VMO_GRANT_R);
      await child.call('cancel', offer);
    });
  });

  /** Cancels the offer if the claim fails; it must stand again first. */
  async function claimOrCancel(offer: Offer, claimAndRelease: (offer: Offer) => Promise<void>): Promise<void> {
    try {
      await claimAndRelease(offer);
      await offer.released;
    } catch (error) {
      await until('it stands again', () => offer.state === 'pending');
      offer.cancel();
      throw error;
    }
  }

  for (const command of ['claim', 'claimSync'] as const) {
    for (const flags of [VMO_GRANT_R, VMO_GRANT_R | VMO_GRANT_W]) {
      it(`cannot ${command}, and the offer stands (flags ${flags})`, async () => {
        const claimAndLetGo = () =>
          claimOrCancel(vmOffer(child.pid, region, flags), async ({ address }) => {
            const claim = await child.call(command, process.pid, address);
            expect(await child.call('difference', claim.region, SEED)).to.be.undefined;
            await child.call('release', claim.region);
          });
        await expectTooMany(claimAndLetGo);
        await expectTooMany(claimAndLetGo); // once more, now that its threads run
      });
    }
  }

  it('cannot supply', async function () {
    requires(this, needs.userfault);
    await expectTooMany(() => child.call('supplyNothing'));
    await expectTooMany(() => child.call('supplyNothing'));
  });

  it('cannot claim supplied memory, and the offer stands', async function () {
    requires(this, needs.fullUserfault);
    using supplied = supply(PAGES * PAGE, {
      supplier: ({ offset }, into) => {
        fillWords(into, offset);
      },
    });
    const claimAndLetGo = () =>
      claimOrCancel(vmOffer(child.pid, supplied, VMO_GRANT_R), async ({ address }) => {
        const { region: claim } = await child.call('claim', process.pid, address);
        expect(await child.call('wrongWord', claim, 0, PAGES * PAGE)).to.be.undefined;
        await child.call('release', claim);
      });
    await expectTooMany(claimAndLetGo);
    await expectTooMany(claimAndLetGo);
  });

  // It accepts the question with a descriptor that it has kept back.
  it('cannot be claimed from, says so, and the offer stands', async () => {
    const memory = await child.call('allocate', PAGES, SEED);
    const errors: VmoError[] = [];
    for (const left of LEFT) {
      const { offer, address } = await child.call('offer', process.pid, memory.region, VMO_GRANT_R);
      await child.call('leaveDescriptors', left);
      const outcome = await vmClaim(child.pid, address, { timeoutMs: 300 }).catch((error: unknown) => error);
      await child.call('freeDescriptors');
      if (outcome instanceof VmoError) {
        errors.push(outcome);
        expect(await child.call('cancel', offer), 'it stood').to.be.true;
      } else {
        expectPages((outcome as Claim).view(), SEED);
        (outcome as Claim).release();
        await child.call('released', offer);
      }
    }
    const codes = errors.map(({ code }) => code);
    expect(new Set(codes)).to.deep.equal(new Set(['ERR_VMO_TOO_MANY']));
    for (const { message } of errors) expect(message).to.include('at the source');
  });

  it('cannot list', async () => {
    await expectTooMany(() => child.call('list'));
    await expectTooMany(() => child.call('listSync'));
  });
});

async function outcomeOf(action: Promise<unknown>): Promise<string> {
  try {
    await action;
    return 'done';
  } catch (error) {
    if (error instanceof VmoError) return error.code;
    throw error;
  }
}

function limit(pid: number, resource: string, value: string | number, user = {}): void {
  expect(spawnSync('prlimit', [`--pid=${pid}`, `--${resource}=${value}:`], user).status).to.equal(0);
}

function mappedBytes(pid: number, field: 'VmSize' | 'VmData'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
}

describe('a resource that a process cannot get', () => {
  let child: Obedient;
  before(function () {
    requires(this, runs(['prlimit', '--as=unlimited']));
  });
  afterEach(() => child[Symbol.asyncDispose]());

  it('is reported with the limit of file sizes, which holds for memory objects, too', async () => {
    child = await startObedient();
    const { region } = await child.call('allocate', 4 * PAGES, SEED);
    limit(child.pid, 'fsize', PAGES * PAGE);
    const error = await rejectionOf(child.call('allocate', PAGES + 1), 'ERR_VMO_NO_MEMORY');
    expect(error).to.include({ errno: 'EFBIG', syscall: 'ftruncate' });
    expect(error.message).to.include('(ulimit -f)');
    await child.call('allocate', PAGES);
    const part = await child.call('offerPages', process.pid, region, 0, PAGES + 1, VMO_GRANT_R);
    const refusal = await rejectionOf(vmClaim(child.pid, part.address), 'ERR_VMO_NO_MEMORY');
    expect(refusal.message).to.match(/at the source: .*\(ulimit -f\)/);
    limit(child.pid, 'fsize', 'unlimited');
    using claim = await vmClaim(child.pid, part.address);
    expectPages(claim.view(), SEED);
  });

  for (const [resource, option, field] of [
    ['as', '-v', 'VmSize'],
    ['data', '-d', 'VmData'],
  ] as const) {
    it(`is reported with the limit of ulimit ${option}`, async () => {
      child = await startObedient();
      await child.call('list');
      using source = allocate(2 ** 30);
      const offer = vmOffer(child.pid, source, VMO_GRANT_R);
      // V8 ends the process if its heap cannot grow.
      limit(child.pid, resource, mappedBytes(child.pid, field) + source.byteLength / 2);
      const error = await rejectionOf(child.call('claim', process.pid, offer.address), 'ERR_VMO_NO_MEMORY');
      expect(error).to.include({ errno: 'ENOMEM', syscall: 'mmap' });
      expect(error.message).to.include(`(ulimit ${option})`);
      limit(child.pid, resource, 'unlimited');
      await child.call('claim', process.pid, offer.address);
    });
  }

  it('is reported with the limit of threads', async function () {
    requires(this, needs.root);
    child = await startObedient({ user: 'nobody' });
    await child.call('capabilities');
    limit(child.pid, 'nproc', 1, AS_NOBODY);
    const error = await rejectionOf(child.call('list'), 'ERR_VMO_TOO_MANY');
    expect(error).to.include({ errno: 'EAGAIN', syscall: 'pthread_create' });
    expect(error.message).to.include('(ulimit -u');
  });

  it('is reported with the limit of locked memory, if a program locks all memory', async function () {
    requires(this, needs.root, needs.probe, machineCode);
    child = await startObedient({ user: 'nobody' });
    const { region } = await child.call('allocate', 1, undefined, { executable: true });
    for (const [at, byte] of LOCK_WHAT_COMES.entries()) await child.call('write', region, at, byte);
    expect(await child.call('execute', region)).to.equal(0);
    limit(child.pid, 'memlock', ROOM_OF_V8, AS_NOBODY);
    const error = await rejectionOf(child.call('allocate', (4 * ROOM_OF_V8) / PAGE), 'ERR_VMO_NO_MEMORY');
    expect(error).to.include({ errno: 'EAGAIN', syscall: 'mmap' });
    expect(error.message).to.include('(ulimit -l)');
  });
});

describe('a process without address space', () => {
  const started: Obedient[] = [];
  before(function () {
    requires(this, runs(['prlimit', '--as=unlimited']));
  });
  after(async () => {
    for (const child of started.splice(0)) await child[Symbol.asyncDispose]();
  });

  for (const command of ['claim', 'claimSync'] as const) {
    it(`cannot ${command}, and the offer stands`, async () => {
      const child = await startObedient();
      started.push(child);
      await child.call('list'); // its broker runs
      using region = allocate(2 ** 30);
      fillPages(region.view(0, PAGE), SEED);
      const offer = vmOffer(child.pid, region, VMO_GRANT_R);
      limit(child.pid, 'as', mappedBytes(child.pid, 'VmSize') + 2 ** 28);
      const error = await rejectionOf(child.call(command, process.pid, offer.address), 'ERR_VMO_NO_MEMORY');
      expect(error).to.include({ errno: 'ENOMEM', syscall: 'mmap', pid: process.pid, address: offer.address });
      limit(child.pid, 'as', 'unlimited');
      const claim = await child.call(command, process.pid, offer.address);
      expect(await child.call('difference', claim.region, SEED, 0, 1)).to.be.undefined;
      await child[Symbol.asyncDispose]();
      await offer.released;
    });
  }
});

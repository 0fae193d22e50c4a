import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { allocate, vmClaim, vmOffer, VmoError, VMO_GRANT_R, VMO_GRANT_W, type Claim, type Region } from 'vmoffer';
import { until } from '../support/barriers.js';
import { startObedient, type Obedient } from '../support/obedient.js';
import { expectPages, fillPages, PAGE } from '../support/pages.js';
import { requires } from '../support/requires.js';
import { rejectionOf } from '../support/vmo-error.js';
import { runs } from '../support/wrappers.js';

const SEED = 161;
const PAGES = 4;
/** More than any step of the library takes. */
const ENOUGH = 12;
const FEW_DESCRIPTORS = ['sh', '-c', 'ulimit -n 100 && exec "$@"', 'sh'];
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

  /** Does it with 0, 1, 2, … descriptors left: it fails with ERR_VMO_TOO_MANY until there are enough. */
  async function expectTooMany(action: () => Promise<unknown>): Promise<void> {
    const outcomes: string[] = [];
    for (const left of LEFT) {
      await child.call('leaveDescriptors', left);
      outcomes.push(await outcomeOf(action()));
      await child.call('freeDescriptors');
    }
    expect(outcomes.join(' '), outcomes.join(' ')).to.match(/^(ERR_VMO_TOO_MANY )+(done ?)+$/);
  }

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

  for (const command of ['claim', 'claimSync'] as const) {
    for (const flags of [VMO_GRANT_R, VMO_GRANT_R | VMO_GRANT_W]) {
      it(`cannot ${command}, and the offer stands (flags ${flags})`, async () => {
        const claimAndLetGo = async () => {
          const offer = vmOffer(child.pid, region, flags);
          try {
            const claim = await child.call(command, process.pid, offer.address);
            expect(await child.call('difference', claim.region, SEED)).to.be.undefined;
            await child.call('release', claim.region);
            await offer.released;
          } catch (error) {
            await until('it stands again', () => offer.state === 'pending');
            offer.cancel();
            throw error;
          }
        };
        await expectTooMany(claimAndLetGo);
        await expectTooMany(claimAndLetGo); // once more, now that its threads run
      });
    }
  }

  // Without a descriptor it cannot even take the question.
  it('cannot be claimed from, says so when it can, and the offer stands', async () => {
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
    expect(codes.join(' ')).to.match(/^(ERR_VMO_TIMEOUT|ERR_VMO_PEER_GONE|ERR_VMO_TOO_MANY| )+$/);
    expect(errors.at(-1)).to.include({ code: 'ERR_VMO_TOO_MANY' });
    expect(errors.at(-1)?.message).to.include('at the source');
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

describe('a process without address space', () => {
  const started: Obedient[] = [];
  before(function () {
    requires(this, runs(['prlimit', '--as=unlimited']));
  });
  after(async () => {
    for (const child of started.splice(0)) await child[Symbol.asyncDispose]();
  });

  function limitAddressSpace(pid: number, limit: string): void {
    expect(spawnSync('prlimit', [`--pid=${pid}`, `--as=${limit}:unlimited`]).status).to.equal(0);
  }

  function addressSpaceOf(pid: number): number {
    return Number(/VmSize:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
  }

  for (const command of ['claim', 'claimSync'] as const) {
    it(`cannot ${command}, and the offer stands`, async () => {
      const child = await startObedient();
      started.push(child);
      await child.call('list'); // its broker runs
      using region = allocate(2 ** 30);
      fillPages(region.view(0, PAGE), SEED);
      const offer = vmOffer(child.pid, region, VMO_GRANT_R);
      limitAddressSpace(child.pid, String(addressSpaceOf(child.pid) + 2 ** 28));
      const error = await rejectionOf(child.call(command, process.pid, offer.address), 'ERR_VMO_NO_MEMORY');
      expect(error).to.include({ errno: 'ENOMEM', syscall: 'mmap', pid: process.pid, address: offer.address });
      limitAddressSpace(child.pid, 'unlimited');
      const claim = await child.call(command, process.pid, offer.address);
      expect(await child.call('difference', claim.region, SEED, 0, 1)).to.be.undefined;
      await child[Symbol.asyncDispose]();
      await offer.released;
    });
  }
});

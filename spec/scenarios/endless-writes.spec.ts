import { expect } from 'chai';
import { VMO_DISOWN, VMO_DROP_W, VMO_GRANT_R, VMO_GRANT_W } from 'vmoffer';
import { startHostile, type Child } from '../support/child.js';
import { startObedient, type Obedient } from '../support/obedient.js';
import { PAGE } from '../support/pages.js';
import { needs, requires } from '../support/requires.js';

const SEED = 311;
const PAGES = 4;
const ADDRESS = 0x7000_0000n;
const WRITABLE = VMO_GRANT_R | VMO_GRANT_W;

/** A write() from memory that never arrives holds the lock of the file as long as the writer lives. */
describe('a process whose write() never ends', () => {
  let victim: Obedient;
  let other: Obedient;
  let region: { region: number; address: bigint };

  before(function () {
    requires(this, needs.faultsOfTheKernel);
  });
  beforeEach(async () => {
    victim = await startObedient();
    other = await startObedient();
    region = await allocateFilled();
  });
  afterEach(async () => {
    await victim[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
  });

  async function allocateFilled() {
    return victim.call('allocate', PAGES, SEED);
  }

  async function asked<T>(rogue: Child, what: string, address = 0n): Promise<T> {
    rogue.say(`${what} ${address}`);
    return rogue.event<T>('result');
  }

  /** Another process claims the victim's memory, and finds it whole. */
  async function expectClaimed(memory: { region: number; address: bigint }, flags: number): Promise<void> {
    const { address } = await victim.call('offer', other.pid, memory.region, flags);
    const claim = await other.call('claim', victim.pid, address);
    expect(await other.call('difference', claim.region, SEED)).to.be.undefined;
    await other.call('release', claim.region);
  }

  /** Checks every service that makes another system call. */
  async function expectToServe(): Promise<void> {
    for (const flags of [VMO_GRANT_R, WRITABLE, VMO_GRANT_R | VMO_DROP_W, VMO_GRANT_R | VMO_DISOWN]) {
      await expectClaimed(await allocateFilled(), flags);
    }
    await victim.call('list');
  }

  describe('into memory that it was granted', () => {
    for (const [name, flags] of [
      ['shared once more, writable', WRITABLE],
      ['shared once more, by the last who writes', VMO_GRANT_R | VMO_DROP_W],
      ['shared once more, to be read', VMO_GRANT_R],
    ] as const) {
      it(`holds up nobody: it is ${name}`, async () => {
        await using rogue = await startHostile('rogue_claimer', [victim.pid]);
        await victim.call('offer', rogue.pid, region.region, WRITABLE);
        expect(await asked(rogue, 'takes-and-acknowledges', region.address)).to.include({ is: 'done' });
        await asked(rogue, 'writes-without-end');
        await expectClaimed(region, flags);
        await expectToServe();
      });
    }
  });

  describe('into memory that it has declined', () => {
    for (const [name, flags] of [
      ['shared, writable,', WRITABLE],
      ['shared by the last who writes', VMO_GRANT_R | VMO_DROP_W],
      ['disowned', VMO_GRANT_R | VMO_DISOWN],
    ] as const) {
      it(`holds up nobody for long if the memory is ${name} with another process`, async () => {
        await using rogue = await startHostile('rogue_claimer', [victim.pid]);
        await victim.call('offer', rogue.pid, region.region, VMO_GRANT_R | VMO_DISOWN);
        expect(await asked(rogue, 'takes-to-pull', region.address)).to.include({ is: 'terms' });
        await asked(rogue, 'writes-without-end');
        await asked(rogue, 'declines-what-it-took');
        const { address } = await victim.call('offer', other.pid, region.region, flags);
        // The claim may be refused, or the memory cannot be sealed, but there is an answer.
        const outcome = await other
          .call('claim', victim.pid, address, { timeoutMs: 20_000 })
          .catch((error: unknown) => error);
        expect(outcome).not.to.include({ code: 'ERR_VMO_TIMEOUT' });
        await expectToServe();
      });
    }
  });

  describe('into memory that it offers', () => {
    for (const behaviour of ['shares-what-it-writes-without-end', 'disowns-what-it-writes-without-end']) {
      for (const paging of ['userfault', 'eager'] as const) {
        it(`holds up nobody who pulls it (${behaviour}, ${paging})`, async function () {
          if (paging === 'userfault') requires(this, needs.userfault);
          await using source = await startHostile('rogue_source', [behaviour]);
          const claim = await victim.call('claim', source.pid, ADDRESS, { transfer: 'pull', paging });
          const read = (page: number) => victim.call('read', claim.region, page * PAGE);
          expect([await read(0), await read(1), await read(2)]).to.deep.equal([0x66, 0, 0x74]); // 'first', a hole, 'third'
          await expectToServe();
        });
      }
    }
  });
});

import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { vmClaim, vmClaimSync, VMO_GRANT_R, VMO_GRANT_W, type Claim, type ClaimOptions } from 'vmoffer';
import { startObedient, type Obedient } from '../support/obedient.js';
import { expectPages, PAGE } from '../support/pages.js';
import { parked, probe } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';
import { resume, stop } from '../support/stopped.js';
import { rejectionOf } from '../support/vmo-error.js';

const SEED = 31;

interface Way {
  name: string;
  claim: (srcPid: number, address: bigint, options?: ClaimOptions) => Promise<Claim>;
}

const WAYS: Way[] = [
  { name: 'vmClaim', claim: vmClaim },
  // eslint-disable-next-line @typescript-eslint/require-await -- what it throws becomes a rejection
  { name: 'vmClaimSync', claim: async (...args) => vmClaimSync(...args) },
];

/** Has another process offer memory to this one. */
async function offerFrom(source: Obedient, { pages = 8, flags = VMO_GRANT_R, destPid = process.pid } = {}) {
  const { region } = await source.call('allocate', pages, SEED);
  return source.call('offer', destPid, region, flags);
}

for (const { name, claim } of WAYS) {
  describe(name, () => {
    let source: Obedient;
    beforeEach(async () => {
      source = await startObedient();
    });
    afterEach(() => source[Symbol.asyncDispose]());

    it('takes the offered memory, and describes it', async () => {
      const { address } = await offerFrom(source, { flags: VMO_GRANT_R | VMO_GRANT_W });
      using claimed = await claim(source.pid, address);
      expect(factsOf(claimed)).to.deep.equal({
        srcPid: source.pid,
        flags: VMO_GRANT_R | VMO_GRANT_W,
        transfer: 'map',
        immutable: false,
        byteLength: 8 * PAGE,
      });
      expectPages(claimed.view(), SEED);
    });

    it('takes an offer once', async () => {
      const { address } = await offerFrom(source);
      using first = await claim(source.pid, address);
      await rejectionOf(claim(source.pid, address), 'ERR_VMO_NOT_OFFERED');
      expectPages(first.view(), SEED);
    });

    it('gives the same answer whether nothing is there or it is for someone else', async () => {
      await using other = await startObedient();
      const { address } = await offerFrom(source, { destPid: other.pid });
      const nothingThere = address + BigInt(1 << 30);
      const [first, second] = [
        await rejectionOf(claim(source.pid, address), 'ERR_VMO_NOT_OFFERED'),
        await rejectionOf(claim(source.pid, nothingThere), 'ERR_VMO_NOT_OFFERED'),
      ];
      const plain = ({ message }: Error) => message.replace(/0x[0-9a-f]+/, '(address)');
      expect(plain(first)).to.equal(plain(second));
      const { region } = await other.call('claim', source.pid, address);
      expect(await other.call('difference', region, SEED)).to.be.undefined;
    });

    it('takes nothing by an address inside the offered range', async () => {
      const { address } = await offerFrom(source);
      await rejectionOf(claim(source.pid, address + BigInt(PAGE)), 'ERR_VMO_NOT_OFFERED');
      (await claim(source.pid, address)).release();
    });

    it('keeps the memory when the source has ended', async () => {
      const { address } = await offerFrom(source);
      using claimed = await claim(source.pid, address);
      source.kill('SIGKILL');
      await source.ended;
      expectPages(claimed.view(), SEED);
    });

    it('is answered by a source whose JavaScript is in a busy loop', async () => {
      const { address } = await offerFrom(source);
      await source.call('spin');
      await source.event('spinning');
      using claimed = await claim(source.pid, address);
      expectPages(claimed.view(), SEED);
    });

    it('gives up on a stopped source after timeoutMs, and the offer stands', async () => {
      const { address, offer } = await offerFrom(source);
      await stop(source);
      for (const timeoutMs of [0.1, 30]) {
        const error = await rejectionOf(claim(source.pid, address, { timeoutMs }), 'ERR_VMO_TIMEOUT');
        expect(error).to.include({ pid: source.pid, address });
        expect(error.message).to.include(`within ${Math.ceil(timeoutMs)} ms`);
      }
      resume(source);
      expect(await source.call('stateOf', offer)).to.equal('pending');
      using claimed = await claim(source.pid, address);
      expectPages(claimed.view(), SEED);
      expect(await source.call('claimed', offer)).to.equal('claimed');
    });

    it('does nothing if its signal is aborted already', async () => {
      const { address } = await offerFrom(source);
      const reason = new Error('not now');
      const error = await claim(source.pid, address, { signal: AbortSignal.abort(reason) }).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).to.equal(reason);
      (await claim(source.pid, address)).release();
    });

    it('fails with ERR_VMO_NO_PROCESS if the source has ended already', async () => {
      const { address } = await offerFrom(source);
      source.kill('SIGKILL');
      await source.ended;
      const error = await rejectionOf(claim(source.pid, address), 'ERR_VMO_NO_PROCESS');
      expect(error).to.include({ pid: source.pid, address, errno: 'ESRCH', syscall: 'pidfd_open' });
    });

    it("fails with ERR_VMO_NO_PROCESS for the number of a thread that is not a process's", async () => {
      const thread =
        readdirSync('/proc/self/task')
          .map(Number)
          .find((id) => id !== process.pid) ?? 0;
      await rejectionOf(claim(thread, 0x1000n), 'ERR_VMO_NO_PROCESS');
    });

    it('fails with ERR_VMO_NOT_OFFERED for a process that does not use the library', async () => {
      const stranger = spawn('sleep', ['60']);
      try {
        const error = await rejectionOf(claim(stranger.pid ?? 0, 0x1000n), 'ERR_VMO_NOT_OFFERED');
        expect(error).to.include({ pid: stranger.pid, address: 0x1000n });
      } finally {
        stranger.kill();
        await once(stranger, 'exit');
      }
    });
  });
}

function factsOf({ srcPid, flags, transfer, immutable, byteLength }: Claim) {
  return { srcPid, flags, transfer, immutable, byteLength };
}

describe('a claim under way', () => {
  let source: Obedient;
  beforeEach(async () => {
    source = await startObedient();
  });
  afterEach(() => source[Symbol.asyncDispose]());

  it('is given up by its signal, and the offer stands', async () => {
    const { address, offer } = await offerFrom(source);
    await stop(source);
    const controller = new AbortController();
    const pending = vmClaim(source.pid, address, { signal: controller.signal });
    const reason = new Error('changed my mind');
    controller.abort(reason);
    expect(await pending.catch((error: unknown) => error)).to.equal(reason);
    resume(source);
    expect(await source.call('stateOf', offer)).to.equal('pending');
    using claimed = await vmClaim(source.pid, address);
    expectPages(claimed.view(), SEED);
  });

  it('is not undone by a signal that comes after it', async () => {
    const { address } = await offerFrom(source);
    const controller = new AbortController();
    using claimed = await vmClaim(source.pid, address, { signal: controller.signal });
    controller.abort();
    expectPages(claimed.view(), SEED);
  });

  it('waits for a stopped source that continues in time', async () => {
    const { address } = await offerFrom(source);
    await stop(source);
    const pending = vmClaim(source.pid, address, { timeoutMs: 15_000 });
    resume(source);
    using claimed = await pending;
    expectPages(claimed.view(), SEED);
  });

  it('fails with ERR_VMO_PEER_GONE when its source is killed meanwhile', async function () {
    requires(this, needs.probe);
    const { address } = await offerFrom(source);
    await stop(source);
    probe().park('claim.ask'); // parks after the connection is made
    const pending = rejectionOf(vmClaim(source.pid, address), 'ERR_VMO_PEER_GONE');
    await parked('claim.ask');
    probe().unpark('claim.ask');
    source.kill('SIGKILL');
    expect(await pending).to.include({ pid: source.pid, address });
  });

  it('does not hold up a claim from another source', async () => {
    await using other = await startObedient();
    const { address } = await offerFrom(source);
    await stop(source);
    const controller = new AbortController();
    const pending = vmClaim(source.pid, address, { signal: controller.signal }).catch((error: unknown) => error);
    using claimed = await vmClaim(other.pid, (await offerFrom(other)).address);
    expectPages(claimed.view(), SEED);
    controller.abort();
    await pending;
  });

  it('has one winner when two claims of the same offer race', async () => {
    const { address } = await offerFrom(source);
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => vmClaim(source.pid, address)));
    const won = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(won).to.have.lengthOf(1);
    won[0]?.release();
    for (const result of results) {
      if (result.status === 'rejected') {
        expect((result.reason as { code: string }).code).to.be.oneOf(['ERR_VMO_NOT_OFFERED', 'ERR_VMO_BUSY']);
      }
    }
  });

  it('has one winner when it races with its cancellation, and both sides learn which', async () => {
    for (let turn = 0; turn < 50; turn++) {
      const { address, offer } = await offerFrom(source, { pages: 1 });
      const [claimed, cancelled] = await Promise.allSettled([
        vmClaim(source.pid, address),
        source.call('cancel', offer),
      ]);
      if (claimed.status === 'fulfilled') {
        expectPages(claimed.value.view(), SEED);
        claimed.value.release();
        expect(cancelled).to.have.nested.property('reason.code', 'ERR_VMO_TOO_LATE');
        expect(await source.call('claimed', offer)).to.equal('claimed');
      } else {
        expect(claimed).to.have.nested.property('reason.code', 'ERR_VMO_NOT_OFFERED');
        expect(cancelled).to.have.property('value', true);
        expect(await source.call('claimed', offer)).to.equal('cancelled');
      }
    }
  });

  it('may be one of a thousand', async function () {
    this.timeout(60_000);
    const addresses = await source.call('offerMany', process.pid, 1000, VMO_GRANT_R);
    const claims = await Promise.all(addresses.map((address) => vmClaim(source.pid, address)));
    expect(claims).to.have.lengthOf(1000);
    for (const claim of claims) claim.release();
  });

  it('may be one of a thousand that wait for a stopped source', async function () {
    this.timeout(60_000);
    const addresses = await source.call('offerMany', process.pid, 1000, VMO_GRANT_R);
    await stop(source);
    const pending = addresses.map((address) => vmClaim(source.pid, address, { timeoutMs: 30_000 }));
    resume(source);
    const claims = await Promise.all(pending);
    expect(claims).to.have.lengthOf(1000);
    for (const claim of claims) claim.release();
  });
});

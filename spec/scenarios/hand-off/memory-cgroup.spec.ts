import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { VMO_DISOWN, VMO_GRANT_R, VMO_GRANT_W, type ClaimOptions } from 'vmoffer';
import { heldBytes, untilHeld } from '../../support/holders.js';
import { MemoryCgroup, ownCgroup } from '../../support/memory-cgroup.js';
import { startObedient, type Obedient } from '../../support/obedient.js';
import { PAGE } from '../../support/pages.js';
import { needs, requires } from '../../support/requires.js';

const PAGES = 16384;
const BYTES = PAGES * PAGE;
/** More than a process needs besides the buffer. */
const HALF = BYTES / 2;

/** Disowns a buffer to the claimer, and brings all of it there. */
async function handOff(source: Obedient, claimer: Obedient, options: ClaimOptions): Promise<void> {
  const { region } = await source.call('allocate', PAGES);
  await source.call('writeAll', region, 0x5a);
  expect(heldBytes([source.pid])).to.equal(BYTES);
  const digest = await source.call('digest', region);
  const { address } = await source.call('offer', claimer.pid, region, VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN);
  const claim = await claimer.call('claim', source.pid, address, options);
  await claimer.call('prefetch', claim.region);
  expect(await claimer.call('digest', claim.region)).to.equal(digest);
}

function privateBytes(pid: number): number {
  const [, kibibytes = ''] = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) * 1024;
}

describe('the memory of a hand-off', () => {
  for (const paging of ['userfault', 'eager'] as const) {
    it(`is private memory of the claimer if it was pulled (${paging}), and the object is empty`, async function () {
      if (paging === 'userfault') requires(this, needs.userfault);
      await using source = await startObedient();
      await using claimer = await startObedient();
      const before = privateBytes(claimer.pid);
      await handOff(source, claimer, { transfer: 'pull', paging });
      await untilHeld([source.pid, claimer.pid], 0);
      expect(privateBytes(claimer.pid) - before).to.be.at.least(BYTES - HALF);
    });
  }

  describe('is charged', () => {
    before(function () {
      requires(this, ownCgroup);
    });

    for (const [transfer, owner] of [
      ['pull', 'claimer'],
      ['map', 'source'],
    ] as const) {
      it(`to the ${owner}'s memory cgroup after ${transfer}`, async () => {
        using sourceCgroup = new MemoryCgroup('source');
        using claimerCgroup = new MemoryCgroup('claimer');
        await using source = await startObedient();
        await using claimer = await startObedient();
        sourceCgroup.add(source.pid);
        claimerCgroup.add(claimer.pid);
        await handOff(source, claimer, { transfer });
        const charged = { source: sourceCgroup.chargedBytes, claimer: claimerCgroup.chargedBytes };
        const other = owner === 'source' ? 'claimer' : 'source';
        expect(charged[owner]).to.be.at.least(BYTES);
        expect(charged[other]).to.be.below(HALF);
      });
    }
  });
});

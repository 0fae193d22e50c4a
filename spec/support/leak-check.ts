/**
 * Root hooks for mocha that check that the run leaves no descriptor, mapping, thread, process or socket behind. Things that the
 * library keeps until the process ends (five threads, their descriptors, one listening socket) exist before the first count.
 */
import { AssertionError } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { allocate, supply, vmClaim, vmClaimSync, vmOffer, VMO_DROP_W, VMO_GRANT_R, type ClaimOptions } from 'vmoffer';
import { until } from './barriers.js';
import { startHostile } from './child.js';
import { leaksBetween, takeCensus, type Census } from './census.js';
import { collectGarbage } from './garbage.js';
import { PAGE } from './pages.js';
import { markDescendants, markedProcesses } from './processes.js';
import { brokerSockets } from './sockets.js';
import { refuseToStay } from './stay.js';

const BUDGET_MS = 10_000;
const LOOKS_AT_REST = 10;
/** Enough pages for a sequential reader to get read-ahead. */
const PAGES_TO_READ = 1024;
/** Time for the reporter to print, and for the process to end. */
const GRACE_MS = 30_000;

export class LeakCheck {
  readonly #mark = markDescendants();
  #before: Census | undefined;

  async begin(): Promise<void> {
    await startChildOnce();
    for (const paging of ['auto', 'userfault'] as const) await useLibraryOnce({ paging });
    await claimSuppliedOnce();
    supplyOnce();
    await this.#comeToRest();
    this.#before = takeCensus(this.#mark);
  }

  /** Rejects with a line for each leak that does not go away. */
  async end(budgetMs = BUDGET_MS): Promise<void> {
    await this.#settle(budgetMs).catch(() => {
      throw new AssertionError(`left behind:\n  ${[...this.leaks(), ...this.#strangers()].join('\n  ')}`);
    });
  }

  leaks(): string[] {
    const before = this.#before;
    return before ? leaksBetween(before, takeCensus(this.#mark)) : [];
  }

  /** Other processes here that use the library and are not of this run: connections to them are counted, too. */
  #strangers(): string[] {
    const own = [process.pid, ...markedProcesses(this.#mark)];
    const strangers = brokerSockets().filter(({ pid }) => !own.includes(pid));
    if (strangers.length === 0) return [];
    const pids = strangers.map(({ pid }) => pid).join(', ');
    return [`(or held by others: ${pids} use the library here, too; \`unshare --net npm test\` keeps them out)`];
  }

  /** The broker may close its end of a connection later: one count that shows no change is not enough. */
  #comeToRest(): Promise<void> {
    let last = takeCensus(this.#mark);
    let looksAlike = 0;
    const isAtRest = () => {
      collectGarbage();
      const now = takeCensus(this.#mark);
      const hasChanged = leaksBetween(last, now).length > 0 || leaksBetween(now, last).length > 0;
      looksAlike = hasChanged ? 0 : looksAlike + 1;
      last = now;
      return looksAlike === LOOKS_AT_REST;
    };
    return until('descriptors, threads and mappings have come to rest', isAtRest);
  }

  /** Regions go when they are collected as garbage; their descriptors go when the broker has noticed. */
  #settle(budgetMs = BUDGET_MS): Promise<void> {
    const hasSettled = () => {
      collectGarbage();
      return this.leaks().length === 0;
    };
    return until('nothing is left behind', hasSettled, budgetMs);
  }
}

/** With its first child and its first pipe, Node.js opens descriptors and keeps them. */
async function startChildOnce(): Promise<void> {
  await once(spawn('true', { stdio: 'pipe' }), 'close');
}

/** Makes the library start everything that it starts on first use. */
function supplyOnce(): void {
  try {
    supply(PAGE, { supplier: () => undefined }).release();
  } catch {
    // this process may not supply
  }
}

async function useLibraryOnce(options: ClaimOptions): Promise<void> {
  using region = allocate((1 + PAGES_TO_READ) * PAGE);
  const offer = vmOffer(process.pid, region.range(0, PAGES_TO_READ * PAGE), VMO_GRANT_R | VMO_DROP_W);
  try {
    const claim = vmClaimSync(process.pid, offer.address, options);
    for (let page = 0; page < PAGES_TO_READ; page++) claim.view(page * PAGE, 1)[0];
    await claim.prefetch();
    claim.release();
  } catch {
    offer.cancel(); // this process may not page so
  }
  await offer.released;
}

/** The same for claims of supplied memory. */
async function claimSuppliedOnce(): Promise<void> {
  await using supplier = await startHostile('supplier');
  (await vmClaim(supplier.pid, 0x7000_0000n, { paging: 'eager' })).release();
}

let check: LeakCheck | undefined;

/** Whether this run was counted at its start: mocha must be told to load this file. */
export function isLeakCheckInForce(): boolean {
  return check !== undefined;
}

export const mochaHooks = {
  async beforeAll(this: Mocha.Context): Promise<void> {
    this.timeout(30_000);
    check = new LeakCheck();
    await check.begin();
  },
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(30_000);
    refuseToStay(GRACE_MS + BUDGET_MS); // whether or not something is left behind
    await check?.end();
  },
};

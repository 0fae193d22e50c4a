import { expect } from 'chai';
import { vmClaim, VMO_DISOWN, VMO_DROP_W, VMO_GRANT_R, VMO_GRANT_W, VmoError, type OfferEnding } from 'vmoffer';
import { until } from '../../support/barriers.js';
import { stepsOfClaim, type ClaimStep } from '../../support/claim-steps.js';
import { holdersOf } from '../../support/holders.js';
import { startObedient, type Obedient } from '../../support/obedient.js';
import { expectPages } from '../../support/pages.js';
import { needs, requires } from '../../support/requires.js';

const SEED = 331;
const PAGES = 32;
const SHARED = VMO_GRANT_R | VMO_GRANT_W;
const DISOWNED = SHARED | VMO_DISOWN;
const PUBLISHED = VMO_GRANT_R | VMO_DROP_W;

const WAYS = [
  { name: 'a share', flags: SHARED },
  { name: 'a share to read', flags: VMO_GRANT_R },
  { name: 'memory that nobody is to write any more', flags: PUBLISHED },
  { name: 'a disowned range', flags: DISOWNED },
];
const EXTENTS = [
  { name: '', first: 0, count: PAGES, isPart: false },
  { name: ', a part of a region,', first: 8, count: 4, isPart: true },
];

type Claimed = Awaited<ReturnType<typeof startClaim>>;
type Outcome = Claimed | VmoError;

let processes: Obedient[] = [];
let source: Obedient;
let claimer: Obedient;
let third: Obedient;
let region: number;

async function startAll(): Promise<void> {
  [source, claimer, third] = await Promise.all([startObedient(), startObedient(), startObedient()]);
  processes = [source, claimer, third];
}

async function startClaim(by: Obedient, address: bigint) {
  return by.call('claim', source.pid, address, { timeoutMs: 60_000 });
}

function outcomeOf(claim: Promise<Claimed>): Promise<Outcome> {
  return claim.catch((error: unknown) => {
    if (error instanceof VmoError) return error;
    throw error;
  });
}

function codeOf(outcome: Outcome): string {
  return outcome instanceof VmoError ? outcome.code : 'claimed';
}

/** Claims, and does the rival's work while the claim is parked at the step. `rival` may end after the claim goes on. */
async function claimBeside<T>(step: ClaimStep, address: bigint, rival: () => Promise<T>) {
  const parkedSide = step.side === 'source' ? source : claimer;
  await parkedSide.call('park', step.checkpoint);
  const claim = outcomeOf(startClaim(claimer, address));
  await parkedSide.call('parked', step.checkpoint);
  // A rival that needs the source's broker waits if that is parked.
  const result = rival();
  if (step.side === 'claimer') await result;
  await parkedSide.call('unpark', step.checkpoint);
  return { claim: await claim, rival: await result };
}

function offerTo(destination: Obedient, flags: number, { first, count }: { first: number; count: number }) {
  return source.call('offerPages', destination.pid, region, first, count, flags);
}

async function endingOf({ offer }: { offer: number }): Promise<OfferEnding> {
  return source.call('claimed', offer);
}

/** The source has every byte, and owns the memory alone, so that it can disown it. */
async function expectSourceOwnsAll(): Promise<void> {
  expect(await source.call('difference', region, SEED)).to.be.undefined;
  const { address } = await source.call('offer', process.pid, region, DISOWNED);
  using claim = await vmClaim(source.pid, address);
  expectPages(claim.view(), SEED);
}

/** The claimer has every byte, and, if they were disowned, is the only holder. */
async function expectOwnedBy(owner: Obedient, outcome: Outcome, first: number, isAlone: boolean): Promise<void> {
  if (outcome instanceof VmoError) throw outcome;
  expect(await owner.call('differenceFrom', outcome.region, SEED, first)).to.be.undefined;
  const holders = await holdersNow(owner, outcome);
  if (isAlone) expect(holders).to.deep.equal([owner.pid]);
  else expect(holders).to.include(owner.pid);
}

async function untilHeldAlone(owner: Obedient, outcome: Outcome): Promise<void> {
  if (outcome instanceof VmoError) throw outcome;
  await until('one process alone holds the memory', async () => (await holdersNow(owner, outcome)).length === 1);
}

async function holdersNow(owner: Obedient, { region: held }: Claimed): Promise<number[]> {
  const inode = await owner.call('inode', held);
  return holdersOf(
    inode,
    processes.map(({ pid }) => pid),
  );
}

describe('a claim that is under way', () => {
  before(async function () {
    requires(this, needs.probe);
    await startAll();
  });
  after(async () => {
    for (const process of processes) await process[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    ({ region } = await source.call('allocate', PAGES, SEED));
  });
  afterEach(() => source.call('release', region));

  for (const { name: way, flags } of WAYS) {
    for (const extent of EXTENTS) {
      describe(`of ${way}${extent.name}`, () => {
        const isDisowned = flags === DISOWNED;

        for (const step of stepsOfClaim(extent)) {
          const isUndecided = step.source === 'has not heard' || step.source === 'has heard';

          it(`and a cancellation at ${step.checkpoint}: ${isUndecided ? 'the cancellation wins' : 'the claim wins'}`, async () => {
            const offer = await offerTo(claimer, flags, extent);
            const cancel = () =>
              source.call('cancel', offer.offer).catch((error: unknown) => codeOf(error as VmoError));
            const { claim, rival } = await claimBeside(step, offer.address, cancel);
            if (isUndecided) {
              expect([rival, codeOf(claim)]).to.deep.equal([true, 'ERR_VMO_NOT_OFFERED']);
              expect(await endingOf(offer)).to.equal('cancelled');
              return expectSourceOwnsAll();
            }
            expect([rival, await endingOf(offer)]).to.deep.equal(['ERR_VMO_TOO_LATE', 'claimed']);
            await expectOwnedBy(claimer, claim, extent.first, isDisowned);
          });

          const winner = step.source === 'has not heard' ? 'the second wins' : 'the first wins';
          it(`and a second one of the same offer at ${step.checkpoint}: ${winner}`, async () => {
            const offer = await offerTo(claimer, flags, extent);
            const second = () => outcomeOf(claimer.call('claimSync', source.pid, offer.address, { timeoutMs: 60_000 }));
            const { claim, rival } = await claimBeside(step, offer.address, second);
            const isSecond = step.source === 'has not heard';
            expect(codeOf(isSecond ? rival : claim)).to.equal('claimed');
            expect(codeOf(isSecond ? claim : rival)).to.be.oneOf(['ERR_VMO_BUSY', 'ERR_VMO_NOT_OFFERED']);
            expect(await endingOf(offer)).to.equal('claimed');
            await expectOwnedBy(claimer, isSecond ? rival : claim, extent.first, isDisowned);
          });

          it(`and the release of its region at ${step.checkpoint}: the claimer has every byte`, async () => {
            const offer = await offerTo(claimer, flags, extent);
            const { claim } = await claimBeside(step, offer.address, () => source.call('release', region));
            expect(await endingOf(offer)).to.equal('claimed');
            // A claim that drops nothing does not wait until the source has let go of what it has released itself.
            if (!isDisowned) await untilHeldAlone(claimer, claim);
            await expectOwnedBy(claimer, claim, extent.first, true);
            if (flags === PUBLISHED) expect(claim).to.have.property('immutable', true);
          });
        }
      });
    }
  }

  for (const extent of EXTENTS) {
    describe(`of a disowned range${extent.name}`, () => {
      for (const step of stepsOfClaim(extent)) {
        const isFirst = step.source !== 'has not heard';

        it(`and a share of it at ${step.checkpoint}: ${isFirst ? 'the disowning wins' : 'the share wins'}`, async () => {
          const disowning = await offerTo(claimer, DISOWNED, extent);
          const sharing = await offerTo(third, SHARED, extent);
          const share = () => outcomeOf(startClaim(third, sharing.address));
          const { claim, rival } = await claimBeside(step, disowning.address, share);
          if (isFirst) {
            expect(codeOf(rival)).to.be.oneOf(['ERR_VMO_BUSY', 'ERR_VMO_NOT_OFFERED']);
            expect(await endingOf(sharing)).to.equal('revoked');
            return expectOwnedBy(claimer, claim, extent.first, true);
          }
          expect([codeOf(claim), codeOf(rival)]).to.deep.equal(['ERR_VMO_BUSY', 'claimed']);
          await expectOwnedBy(third, rival, extent.first, false);
          expect(await source.call('stateOf', disowning.offer)).to.equal('pending');
          await third.call('release', (rival as Claimed).region);
          await source.call('released', sharing.offer);
          await expectOwnedBy(claimer, await startClaim(claimer, disowning.address), extent.first, true);
        });
      }
    });

    describe(`of a share${extent.name}`, () => {
      for (const step of stepsOfClaim(extent)) {
        const isFirst = step.source !== 'has not heard';

        it(`and another's that disowns it at ${step.checkpoint}: ${isFirst ? 'the share wins' : 'the disowning wins'}`, async () => {
          const sharing = await offerTo(claimer, SHARED, extent);
          const disowning = await offerTo(third, DISOWNED, extent);
          const disown = () => outcomeOf(startClaim(third, disowning.address));
          const { claim, rival } = await claimBeside(step, sharing.address, disown);
          if (!isFirst) {
            expect([codeOf(claim), await endingOf(sharing)]).to.deep.equal(['ERR_VMO_NOT_OFFERED', 'revoked']);
            return expectOwnedBy(third, rival, extent.first, true);
          }
          expect([codeOf(claim), codeOf(rival)]).to.deep.equal(['claimed', 'ERR_VMO_BUSY']);
          await expectOwnedBy(claimer, claim, extent.first, false);
          await claimer.call('release', (claim as Claimed).region);
          await source.call('released', sharing.offer);
          await expectOwnedBy(third, await startClaim(third, disowning.address), extent.first, true);
        });
      }
    });
  }
});

describe('a source whose JavaScript is busy for ever', () => {
  beforeEach(startAll);
  afterEach(async () => {
    for (const process of processes) await process[Symbol.asyncDispose]();
  });

  for (const { name, flags } of WAYS) {
    for (const extent of EXTENTS) {
      it(`hands over ${name}${extent.name} all the same`, async () => {
        ({ region } = await source.call('allocate', PAGES, SEED));
        const offer = await offerTo(claimer, flags, extent);
        await source.call('spin');
        await source.event('spinning');
        const claim = await startClaim(claimer, offer.address);
        await expectOwnedBy(claimer, claim, extent.first, flags === DISOWNED);
        expect(claim.immutable).to.equal(flags === PUBLISHED);
      });
    }
  }
});

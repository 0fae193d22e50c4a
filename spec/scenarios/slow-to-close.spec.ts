import { expect } from 'chai';
import { allocate, vmClaim, vmOffer, VMO_GRANT_R, type VmoErrorCode } from 'vmoffer';
import { startHostile, type Child } from '../support/child.js';
import { startObedient, type Obedient } from '../support/obedient.js';
import { expectPages, fillPages, PAGE } from '../support/pages.js';
import { needs, requires } from '../support/requires.js';

const SEED = 307;
const ADDRESS = 0x7000_0000n;

/** The last one is also slow to answer fstat. */
const KINDS = ['a-lingering-socket', 'one-within-a-socket', 'one-within-two-sockets', 'a-path-of-fuse'] as const;
const PLACES_AT_A_BROKER = [
  'before-the-first-word',
  'with-a-claim',
  'with-a-list',
  'behind-a-list',
  'with-news',
  'behind-news',
  'behind-nonsense',
];
/** How a claim from such a source ends. */
const PLACES_IN_A_CLAIM: Record<string, VmoErrorCode | undefined> = {
  'as-terms': 'ERR_VMO_PROTOCOL',
  'as-a-lease': 'ERR_VMO_PROTOCOL',
  'as-a-bell': 'ERR_VMO_PROTOCOL',
  'with-done': undefined,
  'behind-done': undefined,
  'behind-a-refusal': 'ERR_VMO_NOT_OFFERED',
};

/** A socket with a descriptor inside cannot be told from a lease, which is a socket as well. */
function expectedOf(kind: string, place: string, code: VmoErrorCode | undefined): VmoErrorCode | undefined {
  return kind.startsWith('one-within') && place === 'as-a-lease' ? undefined : code;
}
const PLACES_IN_AN_ANSWER = ['in-a-list', 'behind-a-list-of-offers', 'in-what-is-held'];

/** Closing takes an hour, so a thread that waits for it does not reach the end of the spec. */
for (const [kernel, isDenied] of [
  ['on this kernel', false],
  ['on a kernel before 6.16', true],
] as const) {
  describe(`a descriptor that is slow to close, ${kernel},`, () => {
    let victim: Obedient;

    before(function () {
      requires(this, needs.loopback);
      if (isDenied) requires(this, needs.probe);
      else requires(this, needs.refusalOfDescriptors);
    });

    beforeEach(async () => {
      victim = await startObedient();
      if (isDenied) await victim.call('deny', 'SO_PASSRIGHTS');
    });
    afterEach(() => victim[Symbol.asyncDispose]());

    /** Checks that it can offer, claim, list and release, both synchronously and not. */
    async function expectToServe(): Promise<void> {
      const given = await victim.call('allocate', 1);
      const { address, offer } = await victim.call('offer', process.pid, given.region, VMO_GRANT_R);
      const claim = await vmClaim(victim.pid, address);
      claim.release();
      await victim.call('released', offer);
      using region = allocate(PAGE);
      fillPages(region.view(), SEED);
      for (const how of ['claim', 'claimSync'] as const) {
        const mine = vmOffer(victim.pid, region, VMO_GRANT_R);
        const taken = await victim.call(how, process.pid, mine.address);
        expect(await victim.call('difference', taken.region, SEED)).to.be.undefined;
        await victim.call('release', taken.region);
        await mine.released;
      }
      await victim.call('list');
      await victim.call('listSync');
      expectPages(region.view(), SEED);
    }

    async function sentTo(hostile: Child): Promise<void> {
      hostile.say(String(victim.pid));
      expect(await hostile.event('sent')).to.equal(isDenied ? 'sent' : 'EPERM');
    }

    for (const kind of KINDS) {
      describe(`(${kind})`, () => {
        before(function () {
          if (kind === 'a-path-of-fuse') requires(this, needs.fuse);
        });

        for (const place of PLACES_AT_A_BROKER) {
          it(`holds up no broker (${place})`, async () => {
            await expectToServe();
            await using hostile = await startHostile('slow_to_close', [kind, 1, place]);
            await sentTo(hostile);
            await expectToServe();
          });
        }

        for (const how of ['claim', 'claimSync'] as const) {
          for (const [place, code] of Object.entries(PLACES_IN_A_CLAIM)) {
            it(`holds up no ${how} (${place})`, async () => {
              await using hostile = await startHostile('slow_to_close', [kind, 1, place]);
              const claiming = victim.call(how, hostile.pid, ADDRESS, { timeoutMs: 10_000 });
              const expected = expectedOf(kind, place, code);
              const outcome = await claiming.then(
                (claim) => claim,
                (error: unknown) => (error as { code: string }).code,
              );
              // A claimer takes descriptors where it expects them.
              expect(await hostile.event('sent')).to.be.oneOf(isDenied ? ['sent'] : ['sent', 'EPERM']);
              if (typeof outcome === 'string') expect(outcome).to.equal(expected);
              else {
                expect(expected).to.be.undefined;
                await victim.call('release', outcome.region);
              }
              await expectToServe();
            });
          }
        }

        for (const place of PLACES_IN_AN_ANSWER) {
          it(`holds up no process that asks (${place})`, async () => {
            await using hostile = await startHostile('slow_to_close', [kind, 1, place]);
            for (const question of ['list', 'listSync', 'held'] as const) {
              await victim.call(question);
              expect(await hostile.event('sent')).to.equal(isDenied ? 'sent' : 'EPERM');
            }
            await expectToServe();
          });
        }

        it(`holds up no process that announces an offer`, async () => {
          await using hostile = await startHostile('slow_to_close', [kind, 1, 'to-who-brings-news']);
          const { region } = await victim.call('allocate', 1);
          await victim.call('offer', hostile.pid, region, VMO_GRANT_R);
          expect(await hostile.event('sent')).to.equal(isDenied ? 'sent' : 'EPERM');
          await expectToServe();
        });
      });
    }

    it('holds up nobody even if there are many of them, in one packet or in many', async function () {
      await expectToServe();
      await using hostile = await startHostile('slow_to_close', ['a-lingering-socket', 8, 'with-a-list']);
      for (let round = 0; round < 4; round++) await sentTo(hostile);
      await expectToServe();
    });
  });
}

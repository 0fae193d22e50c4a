import { expect } from 'chai';
import { vmClaim, vmClaimSync, VMO_DISOWN, VMO_DROP_W, VMO_DROP_X, VMO_GRANT_R, type VmoErrorCode } from 'vmoffer';
import { until } from '../support/barriers.js';
import { startHostile } from '../support/child.js';
import { openDescriptors } from '../support/fds.js';
import { expectHonestClaim } from '../support/honest-claim.js';
import { objectMappings } from '../support/mappings.js';
import { rejectionOf, thrownBy } from '../support/vmo-error.js';

const ADDRESS = 0x7000_0000n;

const BEHAVIOURS: Record<string, VmoErrorCode> = {
  'sends-no-descriptor': 'ERR_VMO_PROTOCOL',
  'sends-two-descriptors': 'ERR_VMO_PROTOCOL',
  'sends-a-hundred-descriptors': 'ERR_VMO_PROTOCOL',
  'names-another-address': 'ERR_VMO_PROTOCOL',
  'offers-no-bytes': 'ERR_VMO_PROTOCOL',
  'offers-half-a-page': 'ERR_VMO_PROTOCOL',
  'offers-all-there-is': 'ERR_VMO_PROTOCOL',
  'offers-a-part': 'ERR_VMO_PROTOCOL',
  'grants-nothing': 'ERR_VMO_PROTOCOL',
  'has-unknown-flags': 'ERR_VMO_PROTOCOL',
  'speaks-nonsense': 'ERR_VMO_PROTOCOL',
  'sends-one-byte': 'ERR_VMO_PROTOCOL',
  'sends-a-packet-that-is-too-long': 'ERR_VMO_PROTOCOL',
  'has-another-magic': 'ERR_VMO_PROTOCOL',
  'has-another-version': 'ERR_VMO_PROTOCOL',
  'sends-an-unknown-message': 'ERR_VMO_PROTOCOL',
  'lies-about-its-length': 'ERR_VMO_PROTOCOL',
  'is-done-before-it-began': 'ERR_VMO_PROTOCOL',
  'asks-instead': 'ERR_VMO_PROTOCOL',
  'refuses-with-code-0': 'ERR_VMO_PROTOCOL',
  'refuses-with-code-999': 'ERR_VMO_PROTOCOL',
  'refuses-with-a-text-that-is-not-utf-8': 'ERR_VMO_NOT_OFFERED',
  'refuses-with-a-text-that-is-too-long': 'ERR_VMO_PROTOCOL',
  'refuses-with-a-text-that-is-cut': 'ERR_VMO_PROTOCOL',
  'hangs-up-at-once': 'ERR_VMO_PEER_GONE',
  'hangs-up-after-the-terms': 'ERR_VMO_PEER_GONE',
  'sends-terms-twice': 'ERR_VMO_PROTOCOL',
  'refuses-after-the-terms': 'ERR_VMO_NOT_OFFERED',
  'sends-forty-leases': 'ERR_VMO_PROTOCOL',
  'sends-a-channel': 'ERR_VMO_NOT_OFFERED',
  'sends-a-bell-with-memory': 'ERR_VMO_PROTOCOL',
  'sends-a-bell-after-the-terms': 'ERR_VMO_PROTOCOL',
  'never-answers': 'ERR_VMO_TIMEOUT',
  'never-says-done': 'ERR_VMO_TIMEOUT',
};

/** After the terms the claimer has all it needs. */
const BEHAVIOURS_AFTER_THE_TERMS = [
  'refuses-after-the-terms',
  'sends-terms-twice',
  'sends-a-bell-after-the-terms',
  'never-says-done',
];

const OBJECTS = [
  'an-unsealed-object',
  'one-sealed-only-against-growing',
  'one-sealed-only-against-shrinking',
  'a-short-one',
  'an-empty-one',
  'a-longer-one',
  'one-open-for-writing',
  'one-open-for-writing-only',
  'one-open-as-a-path',
  'a-pipe',
  'a-regular-file',
  'a-file-in-shared-memory',
  'a-folder',
  'a-socket',
  'a-device',
  'an-eventfd',
];

const OBJECTS_TO_WRITE = ['a-read-only-one', 'one-sealed-against-writing', 'one-sealed-against-future-writing'];

const PROMISES = [
  VMO_GRANT_R | VMO_DROP_W,
  VMO_GRANT_R | VMO_DISOWN,
  VMO_GRANT_R | VMO_DROP_W | VMO_DROP_X,
  VMO_GRANT_R,
];
const OBJECTS_TO_PROMISE = {
  'one-without-a-seal-against-it': false,
  'one-that-takes-no-more-seals': false,
  'one-sealed-against-future-writing': false,
  'one-sealed-against-writing': true,
};

/** Claims twice, on this thread and on the broker's. Each must fail with this code, and leave nothing behind. */
async function expectRefusal(behaviour: string, object: string, code: VmoErrorCode): Promise<void> {
  await using source = await startHostile('rogue_source', [behaviour, object]);
  const timeoutMs = code === 'ERR_VMO_TIMEOUT' ? 50 : 10_000;
  const before = { descriptors: openDescriptors().size, mappings: objectMappings().length };
  const options = { timeoutMs, immutable: true }; // so that messages after the terms count, too
  const error = thrownBy(() => vmClaimSync(source.pid, ADDRESS, options), code);
  expect(error).to.include({ pid: source.pid, address: ADDRESS });
  await rejectionOf(vmClaim(source.pid, ADDRESS, options), code);
  expect(objectMappings()).to.have.lengthOf(before.mappings);
  await until('no descriptor is left', () => openDescriptors().size === before.descriptors);
}

describe('a claim from a rogue source', () => {
  before(expectHonestClaim);

  it('succeeds if the rogue behaves for once, which shows that it knows the protocol', async () => {
    await using source = await startHostile('rogue_source', ['is-honest']);
    using claim = vmClaimSync(source.pid, ADDRESS);
    expect(claim.view().every((byte) => byte === 0)).to.be.true;
  });

  for (const [behaviour, code] of Object.entries(BEHAVIOURS)) {
    it(`fails with ${code} when it ${behaviour.replaceAll('-', ' ')}`, () => expectRefusal(behaviour, '', code));
  }

  for (const behaviour of BEHAVIOURS_AFTER_THE_TERMS) {
    it(`that drops nothing gets the memory, although the rogue ${behaviour.replaceAll('-', ' ')}`, async () => {
      await using source = await startHostile('rogue_source', [behaviour]);
      const before = { descriptors: openDescriptors().size, mappings: objectMappings().length };
      const claims = [vmClaimSync(source.pid, ADDRESS), await vmClaim(source.pid, ADDRESS)];
      for (const claim of claims) {
        expect(claim.view().every((byte) => byte === 0)).to.be.true;
        claim.release();
      }
      expect(objectMappings()).to.have.lengthOf(before.mappings);
      await until('no descriptor is left', () => openDescriptors().size === before.descriptors);
    });
  }

  for (const object of OBJECTS) {
    it(`fails with ERR_VMO_PROTOCOL when it sends ${object.replaceAll('-', ' ')}`, () =>
      expectRefusal('sends-an-object', object, 'ERR_VMO_PROTOCOL'));
  }

  for (const object of OBJECTS_TO_WRITE) {
    it(`fails with ERR_VMO_PROTOCOL when it grants W and sends ${object.replaceAll('-', ' ')}`, () =>
      expectRefusal('sends-an-object-to-write', object, 'ERR_VMO_PROTOCOL'));
  }

  for (const [object, immutable] of Object.entries(OBJECTS_TO_PROMISE)) {
    for (const flags of PROMISES) {
      it(`is ${immutable ? '' : 'not '}immutable when it sends ${object.replaceAll('-', ' ')} (flags ${flags})`, async () => {
        await using source = await startHostile('rogue_source', ['promises-that-nobody-writes', object, String(flags)]);
        using claim = vmClaimSync(source.pid, ADDRESS);
        expect(claim).to.include({ flags, immutable });
        using other = await vmClaim(source.pid, ADDRESS);
        expect(other).to.include({ flags, immutable });
      });
    }
  }

  after(expectHonestClaim);
});

import { expect } from 'chai';
import { VMO_GRANT_R } from 'vmoffer';
import { until } from '../support/barriers.js';
import { startHostile, type Child } from '../support/child.js';
import { startObedient, type Obedient } from '../support/obedient.js';
import { withDescriptors } from '../support/wrappers.js';

const SEED = 83;
const LIMIT = 128;
/** Also limits the descriptors that a user without privileges may have in flight. */
const FEW_DESCRIPTORS = withDescriptors(LIMIT);
/** As much as is left; and if the users differ, the user gets no more than the process does. */
const TO_ONE = LIMIT / 4 / (process.getuid?.() === 0 ? 3 : 2);
const PARCELS = 14;
const TOO_MANY = 'refused 13';

interface Result {
  /** How many descriptors are in its queues, as the kernel counts them. */
  unread: number;
  told: string[];
}

describe('a source whose claimer leaves parcels unread', () => {
  let source: Obedient;
  let rogue: Child;
  let region: number;
  beforeEach(async () => {
    source = await startObedient({ wrapper: FEW_DESCRIPTORS, user: 'nobody' });
    rogue = await startHostile('leaves_unread', [source.pid]);
    ({ region } = await source.call('allocate', 40, SEED));
  });
  afterEach(async () => {
    await rogue[Symbol.asyncDispose]();
    await source[Symbol.asyncDispose]();
  });

  function resultOf(behaviour: string, addresses: readonly bigint[] = [0n]): Promise<Result> {
    rogue.say(`${behaviour} ${addresses.join(' ')}`);
    return rogue.event<Result>('result');
  }

  async function offerPages(destPid: number, first: number, count: number): Promise<bigint[]> {
    const addresses: bigint[] = [];
    for (let page = first; page < first + count; page++) {
      addresses.push((await source.call('offerPages', destPid, region, page, 1, VMO_GRANT_R)).address);
    }
    return addresses;
  }

  async function expectHonestClaim(): Promise<void> {
    await using honest = await startObedient();
    const memory = await source.call('allocate', 2, SEED);
    const { address } = await source.call('offer', honest.pid, memory.region, VMO_GRANT_R);
    const claim = await honest.call('claim', source.pid, address);
    expect(await honest.call('difference', claim.region, SEED)).to.be.undefined;
  }

  it('sends an offer once, however often it is claimed and declined', async () => {
    const [address = 0n] = await offerPages(rogue.pid, 0, 1);
    const { unread } = await resultOf(
      'claims-and-declines',
      Array.from({ length: 4 }, () => address),
    );
    expect(unread).to.equal(1);
    await expectHonestClaim();
    const { told } = await resultOf('reads');
    expect(told).to.deep.equal(['terms', ...Array<string>(3).fill(TOO_MANY)]);
    await resultOf('claims-and-declines', [address]);
    expect((await resultOf('reads')).told, 'once it has read').to.deep.equal(['terms']);
  });

  it('sends its share of many offers, and sends others theirs', async () => {
    const addresses = await offerPages(rogue.pid, 0, 20);
    const { unread } = await resultOf('claims', addresses);
    expect(unread).to.be.within(TO_ONE / 2, TO_ONE);
    await expectHonestClaim();
    const { told } = await resultOf('reads');
    expect(told.filter((answer) => answer === 'terms')).to.have.lengthOf(unread);
    expect(told.filter((answer) => answer === TOO_MANY)).to.have.lengthOf(addresses.length - unread);
  });

  async function passOn(from: Obedient, addresses: readonly bigint[], by: Obedient, to: number): Promise<bigint[]> {
    const passedOn: bigint[] = [];
    for (const claim of await by.call('claimMany', from.pid, [...addresses])) {
      passedOn.push((await by.call('offer', to, claim, VMO_GRANT_R)).address);
    }
    return passedOn;
  }

  async function expectToCount(descriptorsEach: number, addresses: readonly bigint[]): Promise<void> {
    expect(addresses.length * descriptorsEach).to.be.above(TO_ONE);
    const { unread } = await resultOf('claims', addresses);
    expect(unread).to.be.within(TO_ONE / 2, TO_ONE);
    await expectHonestClaim();
    await resultOf('hangs-up');
  }

  it('counts the lease that comes with memory that was passed on', async () => {
    await using owner = await startObedient();
    const shared = await owner.call('offerMany', source.pid, PARCELS, VMO_GRANT_R);
    await expectToCount(2, await passOn(owner, shared, source, rogue.pid));
  });

  it('counts the leases that come with memory that was passed on twice', async () => {
    await using owner = await startObedient();
    await using middle = await startObedient();
    const shared = await owner.call('offerMany', middle.pid, PARCELS, VMO_GRANT_R);
    const passedOn = await passOn(owner, shared, middle, source.pid);
    await expectToCount(3, await passOn(middle, passedOn, source, rogue.pid));
  });

  it('counts nothing any more once the claimer hangs up', async () => {
    const addresses = await offerPages(rogue.pid, 0, 10);
    const before = (await resultOf('claims-and-declines', addresses)).unread;
    await resultOf('hangs-up');
    const [again = 0n] = addresses;
    await until('the offer stands', async () => (await resultOf('claims', [again])).unread === 1);
    expect(before).to.be.above(1);
    await expectHonestClaim();
  });

  it('waits if honest claimers make more claims at once than may be unread', async () => {
    await using honest = await startObedient();
    const addresses = await offerPages(honest.pid, 0, 20);
    const claims = await Promise.all(addresses.map((address) => honest.call('claim', source.pid, address)));
    expect(claims).to.have.lengthOf(20);
  });
});

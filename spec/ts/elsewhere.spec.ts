import { expect } from 'chai';
import {
  allocate,
  claimFrom,
  incomingOffers,
  offersFrom,
  offerTo,
  vmClaim,
  vmOffer,
  VMO_DROP_R,
  VMO_GRANT_R,
  type Claim,
  type ClaimOptions,
  type OfferableMemory,
} from 'vmoffer';
import { PAGE } from '../support/pages.js';
import { rejectionOf, thrownBy } from '../support/vmo-error.js';

/** Remembers what it was asked for. */
class Elsewhere {
  readonly asked: unknown[] = [];

  [offerTo](memory: OfferableMemory, flags: number): string {
    this.asked.push(memory, flags);
    return 'an offer';
  }

  [claimFrom](address: bigint, options: ClaimOptions): Promise<Claim> {
    this.asked.push(address, options);
    return Promise.reject(new Error('a claim'));
  }

  async *[offersFrom](options: { signal?: AbortSignal }): AsyncIterable<string> {
    this.asked.push(options);
    yield await Promise.resolve('an offer that comes');
  }
}

describe('somebody who is no process of this machine', () => {
  it('is offered memory, and says what the offer is', () => {
    using region = allocate(PAGE);
    const elsewhere = new Elsewhere();
    expect(vmOffer(elsewhere, region, VMO_GRANT_R)).to.equal('an offer');
    expect(elsewhere.asked).to.deep.equal([region, VMO_GRANT_R]);
  });

  it('is not asked with flags that are wrong for everybody', () => {
    using region = allocate(PAGE);
    const elsewhere = new Elsewhere();
    thrownBy(() => vmOffer(elsewhere, region, VMO_GRANT_R | VMO_DROP_R), 'ERR_VMO_INVALID_ARGUMENT');
    expect(elsewhere.asked).to.deep.equal([]);
  });

  it('is claimed from, with the options as they were given', async () => {
    const elsewhere = new Elsewhere();
    const error: unknown = await vmClaim(elsewhere, 0x7000_0000n, { timeoutMs: 7 }).catch((reason: unknown) => reason);
    expect((error as Error).message).to.equal('a claim');
    expect(elsewhere.asked).to.deep.equal([0x7000_0000n, { timeoutMs: 7 }]);
  });

  it('is not asked for an address or with options that are wrong for everybody', async () => {
    const elsewhere = new Elsewhere();
    await rejectionOf(vmClaim(elsewhere, 7n), 'ERR_VMO_INVALID_ARGUMENT');
    await rejectionOf(vmClaim(elsewhere, 0x7000_0000n, { timeoutMs: -1 }), 'ERR_VMO_INVALID_ARGUMENT');
    const given = await vmClaim(elsewhere, 0x7000_0000n, { signal: AbortSignal.abort('enough') }).catch(
      (reason: unknown) => reason,
    );
    expect(given).to.equal('enough');
    expect(elsewhere.asked).to.deep.equal([]);
  });

  it('brings offers', async () => {
    const elsewhere = new Elsewhere();
    const { signal } = new AbortController();
    const brought: unknown[] = [];
    for await (const offer of incomingOffers({ from: elsewhere, signal })) brought.push(offer);
    expect(brought).to.deep.equal(['an offer that comes']);
    expect(elsewhere.asked).to.deep.equal([{ signal }]);
  });
});

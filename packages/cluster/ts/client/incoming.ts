import { formatAddress } from '../engine/names.js';
import { isHandOff } from '../agent/records.js';
import type { Claim, ClaimOptions } from 'vmoffer';
import type { OfferMessage } from '../link/messages.js';

/** An offer of a peer to this one, from `incomingOffers({ from: cluster })`. It is a record; the offer may have ended since. */
export class IncomingClusterOffer {
  /** 128 bits in hexadecimal, unique in the cluster. */
  readonly id: string;
  /** The name of the peer that made it. */
  readonly from: string;
  /** The address of its first byte in the process that made it. */
  readonly address: bigint;
  /** Its length in bytes. */
  readonly byteLength: number;
  /** What it grants and drops: `VMO_*` bits. */
  readonly flags: number;
  /** Whether its pages come when they are touched. A hand-off comes as a whole before it is claimed. */
  readonly supplied: boolean;
  readonly #claim: (options: ClaimOptions | undefined) => Promise<Claim>;

  /** @internal */
  constructor(
    { id, from, address, byteLength, flags }: OfferMessage,
    claim: (options: ClaimOptions | undefined) => Promise<Claim>,
  ) {
    this.id = id;
    this.from = from;
    this.address = BigInt(address);
    this.byteLength = byteLength;
    this.flags = flags;
    this.supplied = !isHandOff({ flags });
    this.#claim = claim;
  }

  /**
   * Claims it.
   *
   * @param options how to take it. `timeoutMs` has no default here for a hand-off, which takes as long as its bytes take.
   * @returns a promise of the claim. It rejects as vmClaim does: with ERR_VMO_NOT_OFFERED if the offer has ended.
   */
  claim(options?: ClaimOptions): Promise<Claim> {
    return this.#claim(options);
  }

  /** What the offer is, in words and numbers, for `JSON.stringify`. */
  toJSON(): object {
    const { id, from, byteLength, flags } = this;
    return { id, from, address: formatAddress(this.address), byteLength, flags };
  }
}

/** Offers wait here, in the order in which they came, until they are asked for. */
export class IncomingQueue {
  readonly #waiting = new Map<string, IncomingClusterOffer>();
  #wake: (() => void) | undefined;
  #ended: { error: unknown } | undefined;

  /** The newest offers are dropped where nobody asks; the agent has them, and list() shows them. */
  push(offer: IncomingClusterOffer): void {
    if (this.#waiting.size < MAX_WAITING) this.#waiting.set(offer.id, offer);
    this.#wake?.();
  }

  end(error: unknown): void {
    this.#ended ??= { error };
    this.#wake?.();
  }

  async *take(): AsyncGenerator<IncomingClusterOffer, void> {
    for (;;) {
      for (const [id, offer] of this.#waiting) {
        this.#waiting.delete(id);
        yield offer;
      }
      if (this.#ended) throw this.#ended.error;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

const MAX_WAITING = 65_536;

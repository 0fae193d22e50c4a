import { formatAddress } from '../engine/names.js';
import { vmClaim, type Claim } from 'vmoffer';
import type { Link } from '../link/link.js';
import type { Answers } from '../link/messages.js';

/** How an offer to a peer ended: as an {@link Offer} ends, or `'failed'` if it could not be announced. */
export type ClusterOfferEnding = 'claimed' | 'cancelled' | 'expired' | 'revoked' | 'failed';

/** Memory offered to a peer, from `vmOffer(cluster.peer(…), …)`. */
export class ClusterOffer {
  /** The name of the peer. */
  readonly to: string;
  /** The address of its first byte in this process. */
  readonly address: bigint;
  /** Its length in bytes. */
  readonly byteLength: number;
  /** What it grants and drops: `VMO_*` bits. */
  readonly flags: number;
  /** Resolves when the peer can see the offer. Rejects with a `VmoError` if it cannot be announced. */
  readonly announced: Promise<void>;
  /** Resolves to how the offer ended. Never rejects. */
  readonly claimed: Promise<ClusterOfferEnding>;
  /** Resolves when the peer has let the memory go, or is gone, or when the offer ended unclaimed. Never rejects. */
  readonly released: Promise<void>;
  readonly #link: Link;
  readonly #agentPid: number;
  readonly #id: Promise<string>;
  #ending: ClusterOfferEnding | undefined;
  #endWith!: (ending: ClusterOfferEnding) => void;
  #release!: () => void;

  /** @internal */
  constructor(link: Link, agentPid: number, id: Promise<string>, offered: OfferedMemory) {
    const { to, address, byteLength, flags } = offered;
    this.to = to;
    this.address = address;
    this.byteLength = byteLength;
    this.flags = flags;
    this.#link = link;
    this.#agentPid = agentPid;
    this.#id = id;
    this.claimed = new Promise((resolve) => (this.#endWith = resolve));
    this.released = new Promise((resolve) => (this.#release = resolve));
    this.announced = id.then(() => undefined);
    this.announced.catch(() => {
      this.end('failed');
    });
  }

  /** `'pending'` until it has ended. */
  get state(): 'pending' | ClusterOfferEnding {
    return this.#ending ?? 'pending';
  }

  /**
   * Takes the offer back. If a claim comes at the same moment, one of the two wins.
   *
   * @returns a promise of true if this call cancelled it, of false if it had ended unclaimed before. It rejects with
   *   ERR_VMO_TOO_LATE if it has been claimed or is being claimed.
   */
  async cancel(): Promise<boolean> {
    return this.#link.request<boolean>({ op: 'cancel', id: await this.#id });
  }

  /**
   * Cancels a hand-off, and gives the memory back where it has left this process already: a claimer had begun, and failed.
   *
   * @returns a promise of a claim of the memory, or of undefined if it never left this process. It rejects as `cancel()` does.
   */
  async takeBack(): Promise<Claim | undefined> {
    const id = await this.#id;
    const { address } = await this.#link.request<Answers['take-back']>({ op: 'take-back', id });
    return address === undefined ? undefined : vmClaim(this.#agentPid, BigInt(address));
  }

  /** @internal */
  end(ending: ClusterOfferEnding): void {
    this.#ending ??= ending;
    this.#endWith(ending);
    if (ending !== 'claimed') this.#release();
  }

  /** @internal */
  onReleased(): void {
    this.#release();
  }

  /** @internal */
  onAgentEnded(): void {
    this.end(this.#ending ?? 'expired');
    this.#release();
  }

  /** What the offer is, in words and numbers, for `JSON.stringify`. */
  toJSON(): object {
    const { to, address, byteLength, flags, state } = this;
    return { to, address: formatAddress(address), byteLength, flags, state };
  }
}

/** @internal */
export interface OfferedMemory {
  to: string;
  address: bigint;
  byteLength: number;
  flags: number;
}

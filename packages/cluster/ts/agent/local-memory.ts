import { VMO_DROP_W, vmClaim, type Claim } from 'vmoffer';
import type { ByteRange } from '../engine/engine.js';

export interface LocalOffer {
  pid: number;
  address: bigint;
  byteLength: number;
  flags: number;
}

/** Memory that a process here has offered to the agent. Nothing changes for that process before it is claimed, once. */
export class LocalMemory {
  readonly offer: LocalOffer;
  #claiming: Promise<Claim> | undefined;
  #claim: Claim | undefined;
  #isReleased = false;

  constructor(offer: LocalOffer) {
    this.offer = offer;
  }

  get isClaimed(): boolean {
    return this.#claim !== undefined;
  }

  /** Rejects with the reason why the memory is not to be had. */
  claim(): Promise<Claim> {
    this.#claiming ??= this.#take();
    return this.#claiming;
  }

  async read({ offset, byteLength }: ByteRange): Promise<Uint8Array> {
    const claim = this.#claim ?? (await this.claim());
    if (!claim.supplied) return claim.view(offset, byteLength);
    using _pin = await claim.ensure(offset, byteLength);
    return claim.view(offset, byteLength).slice(); // before the pin is released
  }

  release(): void {
    this.#isReleased = true;
    this.#claim?.release();
    this.#claim = undefined;
  }

  async #take(): Promise<Claim> {
    const { pid, address, flags } = this.offer;
    const claim = await vmClaim(pid, address, { immutable: (flags & VMO_DROP_W) !== 0 });
    if (this.#isReleased) {
      claim.release();
      throw new Error('the offer has ended');
    }
    this.#claim = claim;
    return claim;
  }
}

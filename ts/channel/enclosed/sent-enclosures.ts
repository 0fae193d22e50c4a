import { VMO_DISOWN, VMO_GRANT_R, VMO_GRANT_W } from '../../flags.js';
import { addon } from '../../load-addon.js';
import { log } from '../../log.js';
import type { NativeOffer } from '../../native.js';
import { Region } from '../../region.js';
import { roundUp } from '../../units.js';
import type { Extent } from '../../vm-offer.js';
import type { Description } from './enclosure.js';

/** The offers of enclosed messages that are not claimed yet. */
export class SentEnclosures {
  readonly #destPid: number;
  readonly #onNone: () => void;
  readonly #offers = new Set<NativeOffer>();

  /** @param onNone called each time the last offer has been claimed, or has ended in another way. */
  constructor(destPid: number, onNone: () => void) {
    this.#destPid = destPid;
    this.#onNone = onNone;
  }

  get isEmpty(): boolean {
    return this.#offers.size === 0;
  }

  /** Offers the memory itself, without a copy. @throws {VmoError} as vmOffer. */
  offerRegion({ address, byteLength }: Extent, flags: number): Description {
    log.channel('offer of a message of %d bytes to %d', byteLength, this.#destPid);
    const offer = addon().offer(this.#destPid, address, byteLength, flags, 'message');
    this.#offers.add(offer);
    offer.onEnded(() => {
      this.#offers.delete(offer);
      if (this.isEmpty) this.#onNone();
    });
    return { address, byteLength, dataBytes: byteLength };
  }

  /** Offers a copy, which will belong to the claimer. */
  offerCopy(message: Uint8Array): Description {
    const native = addon();
    const region = Region.of(native.allocate(roundUp(message.length, native.pageSize), false, false));
    try {
      region.view(0, message.length).set(message);
      const description = this.offerRegion(region, VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN);
      return { ...description, dataBytes: message.length };
    } finally {
      region.release(); // the offer keeps its memory alive
    }
  }

  cancel(): void {
    for (const offer of this.#offers) offer.withdraw();
  }
}

import { Claim } from '../../claim.js';
import { VmoError } from '../../errors.js';
import type { NativeClaim } from '../../native.js';
import { CANNOT_BE_CLONED } from '../../stays-here.js';
import { claimOffered } from '../claim-offered.js';
import { describeMessage, type Message } from '../message.js';
import type { Description } from './enclosure.js';

export interface EnclosureHost {
  readonly peerPid: number;
  /** The claim of an enclosed message is over: it has succeeded or failed. */
  onEnclosure(): void;
}

/** A message in memory of its own. It exists from the moment its claim begins. */
export class EnclosedMessage implements Message {
  readonly cannotBeCloned = CANNOT_BE_CLONED;
  /** The number of the message in the ring. */
  readonly index: number;
  readonly #description: Description;
  readonly #isRegion: boolean;
  readonly #giveBack: (message: EnclosedMessage) => void;
  #claim: Claim | undefined;
  #failure: Error | undefined;
  #isTaken = false;
  #isDropped = false;

  constructor(
    index: number,
    description: Description,
    isRegion: boolean,
    host: EnclosureHost,
    giveBack: (message: EnclosedMessage) => void,
  ) {
    this.index = index;
    this.#description = description;
    this.#isRegion = isRegion;
    this.#giveBack = giveBack;
    void this.#take(host);
  }

  /** Whether the claim is over: it has succeeded or failed. */
  get isThere(): boolean {
    return this.#claim !== undefined || this.#failure !== undefined;
  }

  get bytes(): Uint8Array {
    return this.#memory().view(0, this.#description.dataBytes);
  }

  get region(): Claim | undefined {
    const memory = this.#memory();
    if (!this.#isRegion) return undefined;
    this.#isTaken = true;
    return memory;
  }

  release(): void {
    this.#giveBack(this);
  }

  toJSON(): object {
    return describeMessage(this, this.#isRegion);
  }

  /** Releases the memory, unless the program has taken the region. */
  drop(): void {
    this.#isDropped = true;
    if (!this.#isTaken) this.#claim?.release();
  }

  async #take(host: EnclosureHost): Promise<void> {
    try {
      const claim = Claim.of(await claimMessage(host.peerPid, this.#description));
      this.#claim = claim;
      if (this.#isDropped) claim.release();
    } catch (error) {
      this.#failure = error as Error;
    }
    host.onEnclosure();
  }

  #memory(): Claim {
    if (this.#claim) return this.#claim;
    throw this.#failure ?? new Error('an enclosed message was handed out before it was there');
  }
}

async function claimMessage(srcPid: number, { address, byteLength }: Description): Promise<NativeClaim> {
  const { native: claim } = await claimOffered(srcPid, address, { paging: 'auto', kind: 'message' });
  if (claim.byteLength === byteLength) return claim;
  claim.release();
  throw new VmoError('ERR_VMO_PROTOCOL', `the message was to have ${byteLength} bytes, its memory has another length`, {
    pid: srcPid,
    address,
  });
}

import { CANNOT_BE_CLONED } from '../../stays-here.js';
import { describeMessage, type Message } from '../message.js';

/** The message in one slot. It is made once for each slot, and reused every time the ring comes round. */
export class SlotMessage implements Message {
  readonly cannotBeCloned = CANNOT_BE_CLONED;
  bytes: Uint8Array;
  readonly region = undefined;
  readonly #giveBack: (message: SlotMessage) => void;

  constructor(bytes: Uint8Array, giveBack: (message: SlotMessage) => void) {
    this.bytes = bytes;
    this.#giveBack = giveBack;
  }

  release(): void {
    this.#giveBack(this);
  }

  toJSON(): object {
    return describeMessage(this, false);
  }
}

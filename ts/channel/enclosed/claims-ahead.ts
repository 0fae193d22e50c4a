import { addon } from '../../load-addon.js';
import { protocolError } from '../protocol-error.js';
import { EnclosedMessage, type EnclosureHost } from './enclosed-message.js';
import { readDescription } from './enclosure.js';

/** How many enclosed messages may be claimed ahead of their turn. */
const CLAIMS_AT_ONCE = 8;

/** Claims of enclosed messages that were begun ahead of their turn, in the order of the ring. */
export class ClaimsAhead {
  readonly #host: EnclosureHost;
  readonly #messages: EnclosedMessage[] = [];

  constructor(host: EnclosureHost) {
    this.#host = host;
  }

  get hasRoom(): boolean {
    return this.#messages.length < CLAIMS_AT_ONCE;
  }

  /** Begins the claim of message number `index`, whose description is at `word`. */
  begin(
    index: number,
    words: Int32Array,
    word: number,
    isRegion: boolean,
    giveBack: (message: EnclosedMessage) => void,
  ): void {
    const description = readDescription(words, word, addon().pageSize);
    this.#messages.push(new EnclosedMessage(index, description, isRegion, this.#host, giveBack));
  }

  /**
   * The message of that number, or undefined while its claim is under way.
   *
   * @throws {VmoError} ERR_VMO_PROTOCOL if the slot described no enclosed message when the claims were begun.
   */
  peek(index: number): EnclosedMessage | undefined {
    const [first] = this.#messages;
    if (first?.index !== index) throw protocolError('has changed a message after it was sent');
    return first.isThere ? first : undefined;
  }

  /** Removes the first message, because its turn has come. */
  take(): void {
    this.#messages.shift();
  }

  drop(): void {
    for (const message of this.#messages.splice(0)) message.drop();
  }
}

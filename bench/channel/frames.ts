/** Cuts a stream into messages of one length. Copies only messages that arrive in more than one chunk. */
export class Frames {
  readonly #byteLength: number;
  readonly #onMessage: (message: Uint8Array) => void;
  readonly #partial: Uint8Array;
  #partialBytes = 0;

  constructor(byteLength: number, onMessage: (message: Uint8Array) => void) {
    this.#byteLength = byteLength;
    this.#onMessage = onMessage;
    this.#partial = new Uint8Array(byteLength);
  }

  add(chunk: Uint8Array): void {
    let at = this.#partialBytes > 0 ? this.#complete(chunk) : 0;
    for (; chunk.length - at >= this.#byteLength; at += this.#byteLength) {
      this.#onMessage(chunk.subarray(at, at + this.#byteLength));
    }
    if (at < chunk.length) this.#keep(chunk.subarray(at));
  }

  /** Returns how many bytes of the chunk completed the message that was begun. */
  #complete(chunk: Uint8Array): number {
    const rest = chunk.subarray(0, this.#byteLength - this.#partialBytes);
    this.#keep(rest);
    if (this.#partialBytes < this.#byteLength) return rest.length;
    this.#partialBytes = 0;
    this.#onMessage(this.#partial);
    return rest.length;
  }

  #keep(bytes: Uint8Array): void {
    this.#partial.set(bytes, this.#partialBytes);
    this.#partialBytes += bytes.length;
  }
}

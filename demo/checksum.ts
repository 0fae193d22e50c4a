import { crc32 } from 'node:zlib';

/** A CRC-32 over bytes that come in parts. */
export class Checksum {
  #crc = 0;
  #byteLength = 0;

  add(chunk: Uint8Array): this {
    this.#crc = crc32(chunk, this.#crc);
    this.#byteLength += chunk.length;
    return this;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  /** As eight hexadecimal digits. */
  toString(): string {
    return this.#crc.toString(16).padStart(8, '0');
  }
}

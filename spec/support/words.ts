/** Bytes of which every word tells where it is from, and none is zero: a page that is torn, zero or of another place differs. */

const FACTOR = 0x9e37_79b1; // odd, so that different words differ

const wordAt = (index: number): number => Math.imul(index + 1, FACTOR) >>> 0;

/** @param byteOffset a multiple of 4. */
export function fillWords(into: Uint8Array, byteOffset: number): void {
  const words = new Uint32Array(into.buffer, into.byteOffset, into.byteLength / 4);
  const first = byteOffset / 4;
  for (let at = 0; at < words.length; at++) words[at] = wordAt(first + at);
}

/** Describes the first word that is not as it should be. */
export function wrongWord(bytes: Uint8Array, byteOffset: number): string | undefined {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const first = byteOffset / 4;
  for (let at = 0; at < words.length; at++) {
    const found = words[at] ?? 0;
    if (found !== wordAt(first + at)) {
      return `the word at offset ${byteOffset + 4 * at} is 0x${found.toString(16)}, not 0x${wordAt(first + at).toString(16)}`;
    }
  }
  return undefined;
}

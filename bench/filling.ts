/** The value of every byte of a source's memory, here and in the peers. */
export const FILLING = 0x5a;

const WORD = 0x5a5a5a5a5a5a5a5an;

/** Throws if a sum of 64-bit words shows that bytes are missing or wrong. */
export function expectFilled(sum: bigint, byteLength: number): void {
  const expected = BigInt.asUintN(64, WORD * BigInt(byteLength / 8));
  if (sum !== expected) throw new Error(`${byteLength} bytes sum up to ${sum}, not to ${expected}: some are wrong`);
}

/** Chooses the places where memory is touched. */
import { shuffle } from 'simple-statistics';

export type Order = 'sequential' | 'random';

/** `count` offsets, evenly spread over the memory and at least `strideBytes` apart. */
export function placesIn(byteLength: number, strideBytes: number, count: number, order: Order): BigUint64Array {
  const slots = Math.floor(byteLength / strideBytes);
  if (count > slots)
    throw new RangeError(`${byteLength} bytes have ${slots} places ${strideBytes} apart, not ${count}`);
  const offsets = Array.from({ length: count }, (_, index) => Math.floor((index * slots) / count) * strideBytes);
  return BigUint64Array.from(order === 'random' ? shuffle(offsets) : offsets, BigInt);
}

/** What a supplier does by itself, with nobody who reads: the most that reading in order could reach. */
import type { Supplier } from 'vmoffer';

/** Has all units brought, `inFlight` at once, into as many arrays. Resolves to milliseconds. */
export async function supplyAlone(
  supplier: Supplier,
  byteLength: number,
  unit: number,
  inFlight: number,
): Promise<number> {
  const { signal } = new AbortController();
  const start = performance.now();
  let next = 0;
  const fillInTurn = async () => {
    const into = new Uint8Array(unit);
    while (next < byteLength) {
      const offset = next;
      next += unit;
      await supplier({ offset, byteLength: unit, waiting: false, signal, progress: () => undefined }, into);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, fillInTurn));
  return performance.now() - start;
}

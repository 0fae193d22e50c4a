/** A range that one process has offered to another. */
import { startObedient, type Obedient } from './obedient.js';

export interface OfferedRange {
  source: Obedient;
  claimer: Obedient;
  /** The whole region, at the source. */
  region: number;
  offer: { offer: number; address: bigint };
}

/** Starts both processes. The region is filled from the seed. */
export async function offerRange(
  { pages, seed, flags }: { pages: number; seed: number; flags: number },
  { first, count }: { first: number; count: number },
): Promise<OfferedRange> {
  const [source, claimer] = await Promise.all([startObedient(), startObedient()]);
  const { region } = await source.call('allocate', pages, seed);
  return { source, claimer, region, offer: await source.call('offerPages', claimer.pid, region, first, count, flags) };
}

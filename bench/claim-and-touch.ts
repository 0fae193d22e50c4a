import type { vmClaim, vmClaimSync } from 'vmoffer';
import { VMO_GRANT_R } from 'vmoffer';
import { FILLING } from './filling.js';
import type { SourceProcess } from './source-process.js';

/** Offers and claims `byteLength` bytes for reading, and reads the first byte. Resolves to milliseconds. */
export async function claimAndTouch(
  source: SourceProcess,
  byteLength: number,
  take: typeof vmClaim | typeof vmClaimSync,
): Promise<number> {
  const address = await source.offer(byteLength, VMO_GRANT_R);
  const start = performance.now();
  using claim = await take(source.pid, address);
  const [first] = claim.view();
  const ms = performance.now() - start;
  if (first !== FILLING) throw new Error(`the first byte is ${first}, not the ${FILLING} that the source wrote`);
  return ms;
}

/** Offers from this process to itself: they need no other process, and still go through every layer. */
import { vmClaimSync, vmOffer, VMO_GRANT_R, type Claim, type ClaimOptions, type Region } from 'vmoffer';

export function claimOwn(region: Region, flags: number = VMO_GRANT_R, options: ClaimOptions = {}): Claim {
  const offer = vmOffer(process.pid, region, flags);
  try {
    // This process trusts itself.
    return vmClaimSync(process.pid, offer.address, { hugetlb: true, ...options });
  } catch (error) {
    offer.cancel();
    throw error;
  }
}

/** The address of one page of a region. */
export function addressOfPage(region: Region, page: number): bigint {
  return region.address + BigInt(page) * 4096n;
}

/** The byte that was read last. Without it a compiler would leave the read out. */
let lastRead = -1;

/** Touches one page by reading its first byte, on this thread. */
export function touch(region: Region, page: number): number {
  lastRead = region.view(page * 4096, 1)[0] ?? -1;
  return lastRead;
}

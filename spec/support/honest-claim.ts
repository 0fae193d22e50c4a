/** One offer and claim within this process, from start to end. */
import { allocate, vmClaim, vmOffer, VMO_GRANT_R } from 'vmoffer';
import { fillPages, expectPages, PAGE } from './pages.js';

/** Shows that the library works. Afterwards everything that the library starts on first use is there. */
export async function expectHonestClaim(): Promise<void> {
  using region = allocate(PAGE);
  fillPages(region.view(), 1);
  const offer = vmOffer(process.pid, region, VMO_GRANT_R);
  const claim = await vmClaim(process.pid, offer.address);
  expectPages(claim.view(), 1);
  claim.release();
  await offer.released;
}

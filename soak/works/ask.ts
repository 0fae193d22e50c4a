/** Works that list offers. */
import { allocate, vmListOffer, vmListOfferSync, vmOffer, VMO_GRANT_R, type OfferRecord } from 'vmoffer';
import { askWhatIsHeld } from '#ts/held-claims.js';
import { PAGE } from '../pattern.js';
import { count, Wrong, type Scene } from '../scene.js';

/** Checks that a standing offer is in every list until it is cancelled. */
export async function list(scene: Scene): Promise<void> {
  using region = allocate(PAGE);
  // The destination is the parent process, which claims nothing.
  const offer = vmOffer(process.ppid, region, VMO_GRANT_R);
  const isListed = (records: readonly OfferRecord[]) => records.some(({ address }) => address === region.address);
  if (!isListed(scene.random.below(2) === 0 ? vmListOfferSync() : await vmListOffer()))
    throw new Wrong('an offer that stands is not listed');
  offer.cancel();
  if (isListed(vmListOfferSync())) throw new Wrong('an offer that was cancelled is still listed');
  count(scene, 'list');
}

export async function inspect(scene: Scene): Promise<void> {
  await askWhatIsHeld();
  count(scene, 'inspection');
}

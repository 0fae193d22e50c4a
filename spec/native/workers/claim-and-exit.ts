/** Claims again and again, and ends this thread in the middle of one more claim. */
import { workerData } from 'node:worker_threads';
import { allocate, vmClaim, vmOffer, VMO_GRANT_R } from 'vmoffer';

const { address, talk } = workerData as { address: bigint; talk: number };

using region = allocate(4096);
for (let times = 0; times < talk; times++) {
  const { address: own } = vmOffer(process.pid, region, VMO_GRANT_R);
  (await vmClaim(process.pid, own)).release();
}
void vmClaim(process.pid, address);
process.exit();

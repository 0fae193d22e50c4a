/** Ends this thread in the middle of a claim. */
import { workerData } from 'node:worker_threads';
import { vmClaim } from 'vmoffer';

const { address } = workerData as { address: bigint };
void vmClaim(process.pid, address);
process.exit();

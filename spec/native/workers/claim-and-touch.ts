/** Claims from its own process, says where the claim lies, and touches one page whenever it is told to. */
import { parentPort, workerData } from 'node:worker_threads';
import { vmClaimSync } from 'vmoffer';

const { address } = workerData as { address: bigint };
const claim = vmClaimSync(process.pid, address, { paging: 'userfault' });
const bytes = new Uint8Array(claim.buffer);
let page = 40;

parentPort?.on('message', () => {
  parentPort?.postMessage(bytes[4096 * page++]);
});
parentPort?.postMessage(claim.address);

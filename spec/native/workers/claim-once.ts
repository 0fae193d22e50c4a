/** Claims once, synchronously, and says what came of it: the first byte of the claim, or the error's code. */
import { parentPort, workerData } from 'node:worker_threads';
import { vmClaimSync, VmoError, type ClaimOptions } from 'vmoffer';

const { address, options } = workerData as { address: bigint; options: ClaimOptions };
try {
  const claim = vmClaimSync(process.pid, address, options);
  parentPort?.postMessage({ firstByte: claim.view()[0] });
} catch (error) {
  if (!(error instanceof VmoError)) throw error;
  parentPort?.postMessage({ code: error.code });
}

import { promiseOf } from '../keep-alive.js';
import { addon } from '../load-addon.js';
import { log } from '../log.js';
import type { NativeBell, NativeClaim, NativeClaimOptions } from '../native.js';

const CLAIM_TIMEOUT_MS = 5000;

/**
 * Claims memory that the other side of a channel has offered. Only an offer of the kind 'channel' comes with a bell. Rejects
 * as vmClaim, and with ERR_VMO_TIMEOUT if the signal aborts before the claim is decided. After that the signal does nothing.
 */
export function claimOffered(
  srcPid: number,
  address: bigint,
  how: Pick<NativeClaimOptions, 'paging' | 'kind'>,
  giveUp?: AbortSignal,
): Promise<{ native: NativeClaim; bell: NativeBell | undefined }> {
  log.channel('claim of a %s from %d', how.kind, srcPid);
  return promiseOf((resolve, reject) => {
    const options = { transfer: 'map', timeoutMs: CLAIM_TIMEOUT_MS, ...how } as const;
    const abandon = addon().claim(srcPid, address, options, (error, native, bell) => {
      giveUp?.removeEventListener('abort', abandon);
      if (native) resolve({ native, bell });
      else reject(error);
    });
    giveUp?.addEventListener('abort', abandon);
  });
}

import { promiseOf } from '../keep-alive.js';
import { addon } from '../load-addon.js';
import { log } from '../log.js';
import type { NativeBell, NativeClaim, NativeClaimOptions } from '../native.js';

const CLAIM_TIMEOUT_MS = 5000;

/**
 * Claims what the other side of a channel has offered; a bell comes with the kind 'channel' alone. Rejects as vmClaim, with
 * ERR_VMO_TIMEOUT when the signal has given it up; it may be too late for that.
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

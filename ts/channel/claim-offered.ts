import { promiseOf } from '../keep-alive.js';
import { addon } from '../load-addon.js';
import { log } from '../log.js';
import type { NativeBell, NativeClaim, NativeClaimOptions } from '../native.js';

const CLAIM_TIMEOUT_MS = 5000;

/** Claims what the other side of a channel has offered; a bell comes with the kind 'channel' alone. Rejects as vmClaim. */
export function claimOffered(
  srcPid: number,
  address: bigint,
  how: Pick<NativeClaimOptions, 'paging' | 'kind'>,
): Promise<{ native: NativeClaim; bell: NativeBell | undefined }> {
  log.channel('claim of a %s from %d', how.kind, srcPid);
  return promiseOf((resolve, reject) => {
    const options = { transfer: 'map', timeoutMs: CLAIM_TIMEOUT_MS, ...how } as const;
    addon().claim(srcPid, address, options, (error, native, bell) => {
      if (native) resolve({ native, bell });
      else reject(error);
    });
  });
}

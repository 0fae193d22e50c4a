/** Claims as `vmoffer top` gets them. */
import { VMO_GRANT_R } from 'vmoffer';
import type { NativeHeldClaim } from '#ts/native.js';
import type { HeldClaim, Snapshot } from '#ts/cli/top/snapshot.js';
import { PAGE } from './pages.js';
import { NO_COUNTS } from './paging-counts.js';

export function nativeClaim(changes: Partial<NativeHeldClaim> = {}): NativeHeldClaim {
  return {
    number: 1,
    address: 0x7f00_0000_0000n,
    byteLength: 4 * PAGE,
    srcPid: 7,
    flags: VMO_GRANT_R,
    kind: 'memory',
    supplied: false,
    transfer: 'map',
    paging: 'userfault',
    ...NO_COUNTS,
    faultLatency: { p50: 0, p99: 0 },
    residentPages: 0,
    pagesLookedAt: 4,
    cells: [0, 0, 0, 0],
    ...changes,
  };
}

export function heldClaim(changes: Partial<HeldClaim> = {}): HeldClaim {
  return { ...nativeClaim(), pid: 100, process: 'reader.js', ...changes };
}

export function snapshot(takenAtMs: number, ...claims: HeldClaim[]): Snapshot {
  return { takenAtMs, claims, processes: { told: 1, refused: 0, silent: 0 } };
}

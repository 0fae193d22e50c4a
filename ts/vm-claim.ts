import { Claim } from './claim.js';
import { promiseOf } from './keep-alive.js';
import { addon } from './load-addon.js';
import { log } from './log.js';
import type { NativeClaim } from './native.js';
import { checkClaimOptions, type CheckedClaimOptions, type ClaimOptions } from './options.js';
import { formatAddress } from './units.js';
import { checkAddress, checkPid } from './validate.js';

/**
 * The name of the method by which {@link vmClaim} claims from a {@link ClaimSource}.
 *
 * @category Claiming
 */
export const claimFrom: unique symbol = Symbol.for('vmoffer.claimFrom');

/**
 * Somebody else than a process of this machine from whom memory can be claimed, such as a peer of the package `vmoffer-cluster`.
 *
 * @category Claiming
 */
export interface ClaimSource {
  /**
   * Claims what is offered at that address there.
   *
   * @param address the address.
   * @param options valid options.
   */
  [claimFrom](address: bigint, options: ClaimOptions): Promise<Claim>;
}

/**
 * Claims memory that another process, or this one, has offered to this process.
 *
 * A claim costs the same for 4 KiB and for 4 GiB: pages arrive when they are touched. An offer is claimed once. The other process
 * answers from a thread of its own, whatever its JavaScript is doing.
 *
 * @param srcPid the pid of the process that made the offer, in this process's pid namespace; or a {@link ClaimSource}.
 * @param remoteAddress the offer's address in that process: `offer.address`.
 * @param options how to take it.
 * @returns a promise of the claim. It rejects with a `VmoError` (ERR_VMO_INVALID_ARGUMENT, ERR_VMO_NO_PROCESS,
 *   ERR_VMO_NOT_OFFERED, ERR_VMO_BUSY, ERR_VMO_TIMEOUT, ERR_VMO_PEER_GONE, ERR_VMO_PROTOCOL, ERR_VMO_NOT_PERMITTED,
 *   ERR_VMO_UNSUPPORTED, ERR_VMO_NO_MEMORY, ERR_VMO_TOO_MANY) or with `signal.reason`. It keeps the process alive until it
 *   settles. The caller releases the claim; see {@link Region}.
 *
 * @example
 * using claim = await vmClaim(srcPid, 0x7f0000000000n, { timeoutMs: 1000 });
 * const table = tableFromIPC(new Uint8Array(claim.buffer));
 *
 * @category Claiming
 */
export async function vmClaim(
  srcPid: number | ClaimSource,
  remoteAddress: bigint,
  options: ClaimOptions = {},
): Promise<Claim> {
  if (isClaimSource(srcPid)) return claimElsewhere(srcPid, remoteAddress, options);
  const checked = checkClaim(srcPid, remoteAddress, options);
  const { signal, prefetch } = checked;
  return promiseOf<Claim>((resolve, reject) => {
    const abandon = addon().claim(srcPid, remoteAddress, nativeOptions(checked), (error, native) => {
      signal?.removeEventListener('abort', abandon);
      if (native) resolve(begin(native, prefetch));
      else reject(signal?.aborted ? signal.reason : error);
    });
    signal?.addEventListener('abort', abandon);
  });
}

/**
 * {@link vmClaim}, but this thread waits for the claim.
 *
 * A process can claim from itself, too: another thread answers.
 *
 * @param srcPid the pid of the process that made the offer, in this process's pid namespace.
 * @param remoteAddress the offer's address in that process: `offer.address`.
 * @param options how to take it. `signal` is checked once, at the start.
 * @returns the claim. The caller releases it; see {@link Region}.
 * @throws {VmoError} as `vmClaim` rejects.
 *
 * @example
 * using claim = vmClaimSync(srcPid, remoteAddress, { transfer: 'pull', paging: 'eager' });
 *
 * @category Claiming
 */
export function vmClaimSync(srcPid: number, remoteAddress: bigint, options: ClaimOptions = {}): Claim {
  const checked = checkClaim(srcPid, remoteAddress, options);
  return begin(addon().claimSync(srcPid, remoteAddress, nativeOptions(checked)), checked.prefetch);
}

function isClaimSource(value: unknown): value is ClaimSource {
  return typeof value === 'object' && value !== null && claimFrom in value;
}

async function claimElsewhere(source: ClaimSource, remoteAddress: bigint, options: ClaimOptions): Promise<Claim> {
  const { signal } = checkClaimOptions(options);
  checkAddress(remoteAddress, 'remoteAddress', addon().pageSize);
  signal?.throwIfAborted();
  return source[claimFrom](remoteAddress, options);
}

function checkClaim(srcPid: number, remoteAddress: bigint, options: ClaimOptions): CheckedClaimOptions {
  checkPid(srcPid, 'srcPid');
  const checked = checkClaimOptions(options);
  checkAddress(remoteAddress, 'remoteAddress', addon().pageSize);
  checked.signal?.throwIfAborted();
  if (log.claim.enabled) log.claim('%s of %d, %o', formatAddress(remoteAddress), srcPid, nativeOptions(checked));
  return checked;
}

function nativeOptions(checked: CheckedClaimOptions) {
  const { transfer, paging, hugetlb, immutable, zerosOnSupplyFailure, timeoutMs } = checked;
  return { transfer, paging, hugetlb, immutable, zerosOnSupplyFailure, timeoutMs, kind: 'memory' as const };
}

function begin(native: NativeClaim, prefetch: boolean): Claim {
  const claim = Claim.of(native);
  log.claim('claimed %o', claim);
  if (prefetch) {
    claim.prefetch().catch((error: unknown) => {
      log.claim('the prefetch that began with it ends: %o', error);
    });
  }
  return claim;
}

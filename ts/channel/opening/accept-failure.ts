import { VmoError, type VmoErrorCode } from '../../errors.js';

/**
 * What a failed claim of an offered channel means for the claims that follow.
 *
 * - `'passed over'`: this offer is not a valid channel, or it is gone. Other offers are not affected.
 * - `'taken'`: another acceptor of this process is claiming it. That claim may still fail, so try again.
 * - `'source'`: the source is short of a resource, or slow. Other sources are not affected.
 * - `'own'`: this process is short of a resource, so that every claim would fail.
 */
export type AcceptFailure = 'passed over' | 'taken' | 'source' | 'own';

const LACKS: readonly VmoErrorCode[] = ['ERR_VMO_TOO_MANY', 'ERR_VMO_NO_MEMORY'];
const DELAYS: readonly VmoErrorCode[] = ['ERR_VMO_TIMEOUT', 'ERR_VMO_PEER_GONE'];

export function whatFailed(error: unknown): AcceptFailure {
  if (!(error instanceof VmoError)) return 'passed over';
  if (error.code === 'ERR_VMO_BUSY') return 'taken';
  // If the source is short of a resource, the error is its refusal: no system call failed here, so there is no errno.
  if (LACKS.includes(error.code)) return error.errno === undefined ? 'source' : 'own';
  return DELAYS.includes(error.code) ? 'source' : 'passed over';
}

import { VmoError, type VmoErrorCode } from '../../errors.js';

/**
 * What a failed claim of an offered channel means for the next ones.
 *
 * - `'passed over'`: it is wrong in itself, or not offered any more.
 * - `'taken'`: another acceptor of this process is claiming it, and may fail.
 * - `'source'`: its source lacks something, or is slow; others are not.
 * - `'own'`: this process lacks something; every claim would fail.
 */
export type AcceptFailure = 'passed over' | 'taken' | 'source' | 'own';

const LACKS: readonly VmoErrorCode[] = ['ERR_VMO_TOO_MANY', 'ERR_VMO_NO_MEMORY'];
const DELAYS: readonly VmoErrorCode[] = ['ERR_VMO_TIMEOUT', 'ERR_VMO_PEER_GONE'];

export function whatFailed(error: unknown): AcceptFailure {
  if (!(error instanceof VmoError)) return 'passed over';
  if (error.code === 'ERR_VMO_BUSY') return 'taken';
  // What the source lacks comes as its refusal, without a system call of ours.
  if (LACKS.includes(error.code)) return error.errno === undefined ? 'source' : 'own';
  return DELAYS.includes(error.code) ? 'source' : 'passed over';
}

import { VmoError, type VmoErrorCode, type VmoErrorDetails } from 'vmoffer';
import { EngineError, type EngineErrorReason } from './engine/engine.js';

const CODES: Record<EngineErrorReason, VmoErrorCode> = {
  conflict: 'ERR_VMO_BUSY',
  uncertain: 'ERR_VMO_TIMEOUT',
  gone: 'ERR_VMO_PEER_GONE',
  refused: 'ERR_VMO_SUPPLY',
  timeout: 'ERR_VMO_TIMEOUT',
  closed: 'ERR_VMO_PEER_GONE',
  'not-permitted': 'ERR_VMO_NOT_PERMITTED',
};

/** Every error of this package is a VmoError, whatever is underneath. */
export function toVmoError(error: unknown): VmoError {
  if (error instanceof VmoError) return error;
  const message = textOf(error);
  if (error instanceof EngineError) return new VmoError(CODES[error.reason], message, { cause: error });
  if (error instanceof TypeError || error instanceof RangeError) return invalid(message, { cause: error });
  return new VmoError('ERR_VMO_PROTOCOL', message, { cause: error });
}

/** What it says, whatever was thrown. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function invalid(message: string, details?: VmoErrorDetails): VmoError {
  return new VmoError('ERR_VMO_INVALID_ARGUMENT', message, details);
}

export function isEngineError(error: unknown, ...reasons: EngineErrorReason[]): boolean {
  return error instanceof EngineError && reasons.includes(error.reason);
}

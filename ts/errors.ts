import { getSystemErrorName } from 'node:util';
import type { ErrorDetails } from './native.js';
import { formatAddress } from './units.js';

/**
 * The kinds of errors. Two errors have different codes when a caller would handle them differently. Codes are stable, messages
 * are not: match on `code`.
 *
 * | code | meaning |
 * | --- | --- |
 * | `ERR_VMO_INVALID_ARGUMENT` | an argument breaks a rule, or a region has been released, or a channel closed; the message names the value, the rule and the remedy |
 * | `ERR_VMO_NO_PROCESS` | there is no process of that pid |
 * | `ERR_VMO_NOT_OFFERED` | nothing is offered there to this process (or the offer is for another process: the answer is the same) |
 * | `ERR_VMO_TOO_LATE` | the offer cannot be cancelled any more: it has been claimed, or is being claimed |
 * | `ERR_VMO_NOT_PERMITTED` | the offer would grant a right that this process does not hold |
 * | `ERR_VMO_BUSY` | another process shares the memory, or another offer or claim is in the way |
 * | `ERR_VMO_NOT_OWNED` | the range has been disowned |
 * | `ERR_VMO_TIMEOUT` | the other process did not answer in time |
 * | `ERR_VMO_PEER_GONE` | the other process ended or hung up in the middle |
 * | `ERR_VMO_PROTOCOL` | the other process said or sent something that the protocol does not allow |
 * | `ERR_VMO_UNSUPPORTED` | this system, kernel or container cannot do it |
 * | `ERR_VMO_NO_MEMORY` | no memory or address space is left |
 * | `ERR_VMO_TOO_MANY` | a limit on descriptors, threads, mappings or offers is reached |
 * | `ERR_VMO_SUPPLY` | the supplier of memory could not bring a unit of it |
 *
 * @category Errors
 */
export type VmoErrorCode =
  | 'ERR_VMO_INVALID_ARGUMENT'
  | 'ERR_VMO_NO_PROCESS'
  | 'ERR_VMO_NOT_OFFERED'
  | 'ERR_VMO_TOO_LATE'
  | 'ERR_VMO_NOT_PERMITTED'
  | 'ERR_VMO_BUSY'
  | 'ERR_VMO_NOT_OWNED'
  | 'ERR_VMO_TIMEOUT'
  | 'ERR_VMO_PEER_GONE'
  | 'ERR_VMO_PROTOCOL'
  | 'ERR_VMO_UNSUPPORTED'
  | 'ERR_VMO_NO_MEMORY'
  | 'ERR_VMO_TOO_MANY'
  | 'ERR_VMO_SUPPLY';

/**
 * What may be known about an error besides its code and message.
 *
 * @category Errors
 */
export interface VmoErrorDetails {
  /** The system's name for what went wrong, such as `'EPERM'`. */
  errno?: string;
  /** The system call that failed, such as `'memfd_create'`. */
  syscall?: string;
  /** The pid of the other process. */
  pid?: number;
  /** The address that was offered, claimed or refused. */
  address?: bigint;
  /** The error underneath, if there was one. */
  cause?: unknown;
}

/**
 * Every error of this library.
 *
 * Besides `code` and `message` it has what Node.js's own system errors have, where it applies, and `cause`, the error underneath.
 *
 * @example
 * try {
 *   await vmClaim(pid, address);
 * } catch (error) {
 *   if (error instanceof VmoError && error.code === 'ERR_VMO_NOT_OFFERED') return;
 *   throw error;
 * }
 *
 * @category Errors
 */
export class VmoError extends Error {
  /** Which kind of error it is. Codes are stable between versions. */
  readonly code: VmoErrorCode;
  /** The system's name for what went wrong, such as `'EPERM'`; absent if no system call failed. */
  declare readonly errno?: string;
  /** The system call that failed; absent if none did. */
  declare readonly syscall?: string;
  /** The pid of the other process, where there is one. */
  declare readonly pid?: number;
  /** The address that was offered, claimed or refused, where there is one. */
  declare readonly address?: bigint;

  static {
    Object.defineProperty(this.prototype, 'name', { value: 'VmoError', configurable: true, writable: true });
  }

  /**
   * Makes an error as the library would, for tests of code that handles them.
   *
   * @param code which kind of error it is.
   * @param message what was wrong, what was expected, and what to do.
   * @param details what else is known.
   */
  constructor(code: VmoErrorCode, message: string, details: VmoErrorDetails = {}) {
    const { cause, ...known } = details;
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    for (const [key, value] of Object.entries<unknown>(known)) {
      if (value !== undefined) Object.defineProperty(this, key, { value, enumerable: true, configurable: true });
    }
  }

  /** The error for `JSON.stringify`, which cannot write a bigint. */
  toJSON(): object {
    const { name, code, message, errno, syscall, pid, address } = this;
    return { name, code, message, errno, syscall, pid, address: address && formatAddress(address) };
  }
}

export function invalidArgument(message: string, details?: VmoErrorDetails): VmoError {
  return new VmoError('ERR_VMO_INVALID_ARGUMENT', message, details);
}

export function supplyFailed(message: string, details?: VmoErrorDetails): VmoError {
  return new VmoError('ERR_VMO_SUPPLY', message, details);
}

export function createNativeError(code: string, message: string, details: ErrorDetails): VmoError {
  const { errorNumber, ...known } = details;
  const errno = errorNumber === undefined ? {} : { errno: getSystemErrorName(-errorNumber) };
  return new VmoError(code as VmoErrorCode, message, { ...known, ...errno });
}

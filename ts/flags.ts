import { invalidArgument } from './errors.js';
import { describeValue } from './validate.js';

/** The claimer may read. Alone, it gets the source's live bytes uncopied, and its own writes stay private to it. */
export const VMO_GRANT_R = 1;
/** The claimer may write: one memory, two processes. Reading comes with it, no machine has write-only memory. */
export const VMO_GRANT_W = 2;
/**
 * The claimer may execute. Only for memory from `allocate(…, { executable: true })`. What is not granted is not mapped
 * executable, but that is no boundary: a memory object cannot deny execution to whoever holds it.
 */
export const VMO_GRANT_X = 4;
/** `VMO_GRANT_R | VMO_GRANT_W | VMO_GRANT_X` */
export const VMO_GRANTALL = 7;
/** The source gives up reading, and with it all rights: only together with the others. */
export const VMO_DROP_R = 8;
/**
 * The source gives up writing. It goes on reading the shared bytes; what it writes from then on stays its own. When nobody
 * else may write either, the memory is sealed and its claims are `immutable`.
 */
export const VMO_DROP_W = 16;
/** The source gives up executing. */
export const VMO_DROP_X = 32;
/** `VMO_DROP_R | VMO_DROP_W | VMO_DROP_X`: the range leaves the source, and belongs to the claimer alone. */
export const VMO_DISOWN = 56;

const NAMED_BITS = {
  VMO_GRANT_R,
  VMO_GRANT_W,
  VMO_GRANT_X,
  VMO_DROP_R,
  VMO_DROP_W,
  VMO_DROP_X,
};
const KNOWN_BITS = VMO_GRANTALL | VMO_DISOWN;

export function describeFlags(flags: number): string {
  const names = Object.entries(NAMED_BITS)
    .filter(([, bit]) => (flags & bit) !== 0)
    .map(([name]) => name);
  return names.length > 0 ? names.join(' | ') : '0';
}

export function checkFlags(flags: unknown): asserts flags is number {
  if (typeof flags !== 'number' || !Number.isInteger(flags) || flags < 0) {
    throw invalidArgument(
      `flags must be an integer made of VMO_GRANT_* and VMO_DROP_* bits, got ${describeValue(flags)}; combine the constants with |`,
    );
  }
  if (flags > KNOWN_BITS) {
    throw invalidArgument(
      `flags ${flags} has bits that mean nothing here (known: ${KNOWN_BITS}); use the VMO_* constants`,
    );
  }
  checkGrants(flags);
  checkDrops(flags);
}

function checkGrants(flags: number): void {
  if ((flags & VMO_GRANTALL) === 0) {
    throw invalidArgument(
      `flags ${flags} (${describeFlags(flags)}) grants nothing; add at least one of VMO_GRANT_R, VMO_GRANT_W, VMO_GRANT_X`,
    );
  }
}

function checkDrops(flags: number): void {
  if ((flags & VMO_DROP_R) !== 0 && (flags & VMO_DROP_W) === 0) {
    throw invalidArgument(
      `flags ${flags} drops reading but keeps writing, and no machine has write-only memory; add VMO_DROP_W`,
    );
  }
}

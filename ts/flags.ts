import { invalidArgument } from './errors.js';
import { describeValue } from './validate.js';

/**
 * The claimer may read.
 *
 * Granted alone: the claim shows the source's live bytes, uncopied. The claimer's writes stay in its private copy of the page.
 *
 * @category Flags
 */
export const VMO_GRANT_R = 1;
/**
 * The claimer may write: one memory, two processes.
 *
 * Reading comes with it, since no machine has write-only memory.
 *
 * @category Flags
 */
export const VMO_GRANT_W = 2;
/**
 * The claimer may execute.
 *
 * Only for memory from `allocate(…, { executable: true })`. Memory without this grant is not mapped executable, but that is no
 * boundary: a memory object cannot deny execution to a process that holds it.
 *
 * @category Flags
 */
export const VMO_GRANT_X = 4;
/**
 * All three grants: `VMO_GRANT_R | VMO_GRANT_W | VMO_GRANT_X`.
 *
 * @category Flags
 */
export const VMO_GRANTALL = 7;
/**
 * The source gives up reading.
 *
 * Only together with the other two, as {@link VMO_DISOWN}: memory that cannot be read cannot be used.
 *
 * @category Flags
 */
export const VMO_DROP_R = 8;
/**
 * The source gives up writing.
 *
 * The source goes on reading the shared bytes. Its writes from then on stay its own. If nobody else may write either, the memory
 * is sealed and its claims are `immutable`.
 *
 * @category Flags
 */
export const VMO_DROP_W = 16;
/**
 * The source gives up executing.
 *
 * @category Flags
 */
export const VMO_DROP_X = 32;
/**
 * All three drops, `VMO_DROP_R | VMO_DROP_W | VMO_DROP_X`: the memory leaves the source and belongs to the claimer alone.
 *
 * The source's buffers are detached. A write from them that is under way fails with EFAULT or, if the source may have no
 * userfaultfd, sends zeros. A claim is refused with ERR_VMO_BUSY while a third process shares the memory.
 *
 * @category Flags
 */
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

import { invalidArgument } from './errors.js';
import type { PagingKind, TransferKind } from './kinds.js';
import type { NativeClaimOptions } from './native.js';
import { checkBoolean, checkOneOf, checkOptions, checkSignal, checkTimeout } from './validate.js';

const DEFAULT_CLAIM_TIMEOUT_MS = 5000;
const TRANSFERS = ['map', 'pull'] as const satisfies readonly TransferKind[];
const PAGINGS = ['auto', 'userfault', 'kernel', 'eager'] as const satisfies readonly ClaimOptions['paging'][];
const ON_SUPPLY_FAILURE = ['signal', 'zeros'] as const satisfies readonly ClaimOptions['onSupplyFailure'][];

/**
 * How to take an offer.
 *
 * @category Claiming
 */
export interface ClaimOptions {
  /**
   * How the memory is taken. Default: `'map'`.
   *
   * - `'map'` maps the offered memory itself, without a copy.
   * - `'pull'` copies it into private memory of this process: each page when it is touched, or all at once if this process
   *   has no full rights to userfaultfd. This process is charged for the memory. Disowned memory is given back behind the copy,
   *   so that there is never more than one buffer. The source does not see this process's writes, and this process does not see
   *   the source's writes to a page that has been pulled.
   */
  transfer?: TransferKind;
  /**
   * How the pages arrive. Default: `'auto'`.
   *
   * - `'userfault'`: when they are touched, installed by this library's pager in windows, with read-ahead and `stats()`.
   * - `'kernel'`: when they are touched, by the kernel's own demand paging. It cannot pull.
   * - `'eager'`: all at once, before the claim is complete. A page that cannot be installed then comes when it is touched.
   * - `'auto'`: `'userfault'` if this process has full rights to userfaultfd and gets more than 16 ordinary pages (see
   *   `region.pages`). If the touches turn out to be far apart, it becomes `'kernel'`; see `claim.paging`.
   *   Otherwise `'kernel'`, or `'eager'` for a claim that pulls.
   *
   * `'userfault'` works without full rights when it is asked for by name, but a system call that touches an absent page then
   * fails with EFAULT (`fs.write(fd, claim.view(), …)`): prefetch first. `capabilities()` says which rights this process has.
   */
  paging?: 'auto' | PagingKind;
  /**
   * Whether to prefetch all of the claim as soon as it is complete. Nothing waits for that: the claim resolves as quickly as
   * without, and pages that are touched first are installed first. To wait for all of it call `claim.prefetch()`, which does
   * nothing twice; `release()` ends it. A page that cannot be installed now comes when it is touched. Default: false.
   */
  prefetch?: boolean;
  /**
   * Whether to take memory from the system's pool of reserved huge pages (`region.pages` is `'hugetlb'` at its source). A process
   * that may write such memory can end every other process that touches it, by SIGBUS. Set this option only if you trust the
   * source and all others to which it grants W. Otherwise the claim of such memory is refused with ERR_VMO_NOT_PERMITTED, and
   * the offer stands. Default: false.
   */
  hugetlb?: boolean;
  /**
   * Whether to wait until the source has sealed what nobody may write any more, so that `claim.immutable` is right from the
   * start. A claim of an offer that drops a right waits for that in any case. Any other claim resolves as soon as the memory
   * is mapped, and `claim.immutable` may become true a moment later. Default: false.
   */
  immutable?: boolean;
  /**
   * What becomes of a thread that touches a part of supplied memory which nobody can bring (see {@link Claim.ensure}). It means
   * nothing for other memory. Default: `'signal'`.
   *
   * - `'signal'`: the process is ended by SIGBUS, after a line on stderr that says which claim, where, and why. A system call
   *   fails with EFAULT.
   * - `'zeros'`: it reads zeros, in this claim alone, and for as long as the claim lasts. `claim.failed` and `claim.failures()`
   *   say so first. A program that does not look computes with zeros.
   */
  onSupplyFailure?: 'signal' | 'zeros';
  /**
   * How long the source may take to answer, in milliseconds, above 0. After that the claim fails with ERR_VMO_TIMEOUT, which
   * loses nothing: the next claim of the address gets the memory if the source has given it by then. To bring supplied memory is
   * no part of the answer; it has a time of its own. Default: 5000.
   */
  timeoutMs?: number;
  /**
   * Gives the claim up. The promise then rejects with `signal.reason`, and the offer stands as before. If the claim is complete
   * already, the promise still resolves, so that nothing is lost. If the source is in the middle of the claim just then, the
   * next claim of the address gets the memory. A claim of supplied memory that waits until all is there is released; the source
   * must offer the memory again. `vmClaimSync` checks the signal once, at the start.
   */
  signal?: AbortSignal;
}

export interface CheckedClaimOptions extends Required<Omit<NativeClaimOptions, 'kind'>> {
  prefetch: boolean;
  signal: AbortSignal | undefined;
}

export function checkClaimOptions(options: ClaimOptions): CheckedClaimOptions {
  checkOptions(options);
  const { transfer = 'map', paging = 'auto', prefetch = false, hugetlb = false, immutable = false, signal } = options;
  const { timeoutMs = DEFAULT_CLAIM_TIMEOUT_MS, onSupplyFailure = 'signal' } = options;
  checkOneOf(transfer, 'transfer', TRANSFERS);
  checkOneOf(paging, 'paging', PAGINGS);
  checkBoolean(prefetch, 'prefetch');
  checkBoolean(hugetlb, 'hugetlb');
  checkBoolean(immutable, 'immutable');
  checkOneOf(onSupplyFailure, 'onSupplyFailure', ON_SUPPLY_FAILURE);
  checkTimeout(timeoutMs);
  checkSignal(signal);
  if (transfer === 'pull' && paging === 'kernel') {
    throw invalidArgument(
      "paging 'kernel' cannot pull: the kernel maps pages, it does not copy them; use 'userfault' or 'eager'",
    );
  }
  const zerosOnSupplyFailure = onSupplyFailure === 'zeros';
  return { transfer, paging, prefetch, hugetlb, immutable, zerosOnSupplyFailure, timeoutMs, signal };
}

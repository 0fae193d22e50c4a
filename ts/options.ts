import { invalidArgument } from './errors.js';
import type { PagingKind, TransferKind } from './kinds.js';
import type { NativeClaimOptions } from './native.js';
import { checkBoolean, checkOneOf, checkOptions, checkSignal, checkTimeout } from './validate.js';

const DEFAULT_CLAIM_TIMEOUT_MS = 5000;
const TRANSFERS = ['map', 'pull'] as const satisfies readonly TransferKind[];
const PAGINGS = ['auto', 'userfault', 'kernel', 'eager'] as const satisfies readonly ClaimOptions['paging'][];

/** How to take an offer. */
export interface ClaimOptions {
  /**
   * `'map'` maps the offered memory itself, without a copy. `'pull'` makes it private memory of this process, copied when
   * it is touched (without full userfault rights: at once) and charged to this process; what was disowned is given back
   * behind the copy, so that there is one buffer at all times. What the source writes into a page after it was pulled, or
   * this process before it is offered on, the other does not see. Default: `'map'`.
   */
  transfer?: TransferKind;
  /**
   * How pages arrive. `'userfault'`: when they are touched, installed by this library's pager in windows, with
   * read-ahead, `residency()` and `stats()`. `'kernel'`: when they are touched, by the kernel's own demand paging.
   * `'eager'`: all at once, before the claim is complete; what cannot be had then comes when it is touched. `'auto'`: `'userfault'` where this process has full rights to
   * it and the pages are ordinary ones (see `region.pages`), `'kernel'` otherwise. Default: `'auto'`.
   *
   * `'userfault'` asked for by name without full rights works, but system calls that touch an absent page then fail
   * with EFAULT (`fs.write(claim.buffer)`): prefetch first. `capabilities()` tells.
   */
  paging?: 'auto' | PagingKind;
  /**
   * Begins to prefetch all of the claim as soon as it is complete, and does not wait for it: the claim resolves as quickly
   * as ever, touches are answered as ever, and most of them find their pages there. Wait for it all with
   * `claim.prefetch()`, which does nothing twice; `release()` ends it. Pages that cannot be had now come when they are
   * touched. Default: false.
   */
  prefetch?: boolean;
  /** How long the source may take to answer, in milliseconds, above 0. Then: ERR_VMO_TIMEOUT. Default: 5000. */
  timeoutMs?: number;
  /**
   * Abandons the claim. The promise then rejects with `signal.reason` and the offer stands as before; if the claim is
   * already complete, the promise still resolves, so that nothing is lost. `vmClaimSync` looks at it once, at the start.
   */
  signal?: AbortSignal;
}

export interface CheckedClaimOptions extends Omit<NativeClaimOptions, 'kind'> {
  prefetch: boolean;
  signal: AbortSignal | undefined;
}

export function checkClaimOptions(options: ClaimOptions): CheckedClaimOptions {
  checkOptions(options);
  const { transfer = 'map', paging = 'auto', prefetch = false, timeoutMs = DEFAULT_CLAIM_TIMEOUT_MS, signal } = options;
  checkOneOf(transfer, 'transfer', TRANSFERS);
  checkOneOf(paging, 'paging', PAGINGS);
  checkBoolean(prefetch, 'prefetch');
  checkTimeout(timeoutMs);
  checkSignal(signal);
  if (transfer === 'pull' && paging === 'kernel') {
    throw invalidArgument(
      "paging 'kernel' cannot pull: the kernel maps pages, it does not copy them; use 'userfault' or 'eager'",
    );
  }
  return { transfer, paging, prefetch, timeoutMs, signal };
}

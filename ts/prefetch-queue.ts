import PQueue from 'p-queue';
import { invalidArgument } from './errors.js';
import { log } from './log.js';
import type { NativeClaim } from './native.js';
import { releasedError } from './region.js';
import { MIB, roundDown, roundUp } from './units.js';
import { checkFunction, checkLength, checkOptions, checkSignal, checkWithin, describeValue } from './validate.js';

/**
 * How far a prefetch has come. Its range has been widened to whole pages.
 *
 * @category Paging
 */
export interface PrefetchProgress {
  /** How many bytes are resident, from the start of the range on. */
  bytesDone: number;
  /** How many bytes the range has. */
  bytesTotal: number;
}

/**
 * What to prefetch, how urgently, and how to stop it.
 *
 * @category Paging
 */
export interface PrefetchOptions {
  /** Where to begin, in bytes from the claim's start. Default: 0. */
  byteOffset?: number;
  /** How many bytes. Default: the rest of the claim. */
  byteLength?: number;
  /** Stops it: the promise rejects with `signal.reason` at once. Pages that are installed stay. */
  signal?: AbortSignal;
  /**
   * Called on this thread after every step of at most 4 MiB. What it throws ends the prefetch and becomes its rejection.
   *
   * @param progress how far it has come.
   */
  onProgress?: (progress: PrefetchProgress) => void;
  /** Prefetches with a higher number go before the others of this thread. Any finite number. Default: 0. */
  priority?: number;
}

export interface CheckedPrefetch {
  begin: number;
  end: number;
  signal: AbortSignal | undefined;
  onProgress: ((progress: PrefetchProgress) => void) | undefined;
  priority: number;
}

const STEP_BYTES = 4 * MIB;
/** Half of the event loop's thread pool at its default size: file and DNS work must not wait for memory. */
const STEPS_AT_ONCE = 2;
const steps = new PQueue({ concurrency: STEPS_AT_ONCE });

export function checkPrefetchOptions(options: PrefetchOptions, limit: number, pageSize: number): CheckedPrefetch {
  checkOptions(options);
  const { byteOffset = 0, signal, onProgress, priority = 0 } = options;
  checkLength(byteOffset, 'byteOffset');
  const { byteLength = Math.max(limit - byteOffset, 0) } = options;
  checkLength(byteLength, 'byteLength');
  checkWithin(byteOffset, byteLength, limit);
  checkSignal(signal);
  checkFunction(onProgress, 'onProgress');
  if (!Number.isFinite(priority)) {
    throw invalidArgument(`priority must be a finite number, got ${describeValue(priority)}`);
  }
  const begin = roundDown(byteOffset, pageSize);
  const end = byteLength === 0 ? begin : roundUp(byteOffset + byteLength, pageSize);
  return { begin, end, signal, onProgress, priority };
}

/** Its steps wait in one queue with those of the thread's other claims, so that priority holds. */
export async function prefetch(
  claim: NativeClaim,
  { begin, end, signal, onProgress, priority }: CheckedPrefetch,
): Promise<void> {
  log.prefetch('%d bytes at offset %d, priority %d', end - begin, begin, priority);
  signal?.throwIfAborted();
  const options = { priority, ...(signal && { signal }) };
  const running: Promise<number>[] = [];
  const finishOldest = async () => {
    const at = await running.shift();
    if (at !== undefined) onProgress?.({ bytesDone: at - begin, bytesTotal: end - begin });
  };
  try {
    for (let at = begin; at < end;) {
      const next = Math.min(end, roundDown(at, STEP_BYTES) + STEP_BYTES);
      running.push(addStep(claim, { begin: at, end: next, endOfAll: end }, options));
      if (running.length === STEPS_AT_ONCE) await finishOldest();
      at = next;
    }
    while (running.length > 0) await finishOldest();
  } catch (error) {
    if (!claim.released) claim.cancelOrder(begin, end - begin);
    throw error;
  }
}

interface Step {
  begin: number;
  end: number;
  /** Where the prefetch ends. */
  endOfAll: number;
}

/** Resolves to the end of the step. A rejection may come after the prefetch has failed, when nobody awaits it. */
function addStep(claim: NativeClaim, step: Step, options: { priority: number; signal?: AbortSignal }): Promise<number> {
  const done = steps.add(() => install(claim, step), options).then(() => step.end);
  done.catch(() => undefined);
  return done;
}

/** A supplier may take more at once than one step is long. Its claims of a lower priority order nothing before their turn. */
function install(claim: NativeClaim, { begin, end, endOfAll }: Step): Promise<void> {
  if (claim.released) throw releasedError(claim.address);
  claim.order(begin, endOfAll - begin);
  return new Promise((resolve, reject) => {
    claim.prefetch(begin, end - begin, (error) => {
      // If the claim is released in the middle of a step, there is no error, but the pages are not resident.
      if (error ?? claim.released) reject(error ?? releasedError(claim.address));
      else resolve();
    });
  });
}

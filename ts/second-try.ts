import { getHeapStatistics } from 'node:v8';
import { VmoError } from './errors.js';
import { log } from './log.js';
import type { Native } from './native.js';
import { MIB } from './units.js';

/*
 * If a program drops regions, claims and channels without releasing them, they hold descriptors and address space until V8
 * collects them, and V8 collects for want of memory only. So a call that fails at such a limit is tried again after a collection.
 */

const LIMITS = new Set<unknown>(['EMFILE', 'ENFILE', 'ENOMEM']);
/** A source's lack comes without an errno. The source may be this process, which hangs up if it cannot even answer. */
const LACKS = new Set<unknown>(['ERR_VMO_TOO_MANY', 'ERR_VMO_NO_MEMORY', 'ERR_VMO_PEER_GONE']);
/** A program that has no garbage must not spend its time on collections: at most a tenth of it, after a first second. */
const VAIN_SHARE = 0.1;
const MOST_VAIN_MS = 1000;
/** The collector copies live objects before it gives anything back, and V8 ends the process if there is no room for that. */
const ROOM_BESIDES_BYTES = 64 * MIB;

type ClaimArguments = Parameters<Native['claim']>;

/** The addon, in which every call that takes descriptors or address space is tried a second time. */
export interface Addon extends Omit<Native, 'claim' | 'abandonClaim'> {
  /** Calls back once. The returned function gives the claim up: the callback gets an error, or the claim if it is too late. */
  claim(...args: ClaimArguments): () => void;
}

export function withSecondTry(native: Native, now = () => performance.now()): Addon {
  const collector = new Collector(native, now);

  function twice<A extends unknown[], R>(action: (...args: A) => R): (...args: A) => R {
    return (...args) => {
      try {
        return action(...args);
      } catch (error) {
        if (collector.helpsAgainst(error)) return insteadOf(error, () => action(...args));
        throw error;
      }
    };
  }

  /** For a call that fails in its callback: `again` starts it anew. */
  function twiceLater<A extends unknown[]>(
    done: (error: Error | null, ...result: A) => void,
    again: (done: (error: Error | null, ...result: A) => void) => void,
  ): (error: Error | null, ...result: A) => void {
    return (error, ...result) => {
      if (error === null || !collector.helpsAgainst(error)) {
        done(error, ...result);
        return;
      }
      try {
        again((second, ...got) => {
          done(second === null ? null : error, ...got);
        });
      } catch {
        done(error, ...result);
      }
    };
  }

  const list = twice((...args: Parameters<Native['list']>) => {
    native.list(...args);
  });
  const claim = twice((...args: ClaimArguments) => native.claim(...args));

  return {
    ...native,
    allocate: twice((...args: Parameters<Native['allocate']>) => native.allocate(...args)),
    offer: twice((...args: Parameters<Native['offer']>) => native.offer(...args)),
    supply: twice((...args: Parameters<Native['supply']>) => native.supply(...args)),
    claimSync: twice((...args: Parameters<Native['claimSync']>) => native.claimSync(...args)),
    listSync: twice((...args: Parameters<Native['listSync']>) => native.listSync(...args)),
    watchIncoming: twice((...args: Parameters<Native['watchIncoming']>) => native.watchIncoming(...args)),
    list(timeoutMs, done) {
      list(
        timeoutMs,
        twiceLater(done, (then) => {
          list(timeoutMs, then);
        }),
      );
    },
    claim(srcPid, remoteAddress, options, done) {
      const deadline = now() + options.timeoutMs;
      let isAbandoned = false;
      const begin = (then: typeof done) => {
        if (isAbandoned) throw new Error('the claim was abandoned');
        const timeoutMs = Math.max(1, deadline - now());
        begun = claim(srcPid, remoteAddress, { ...options, timeoutMs }, then);
      };
      let begun = claim(srcPid, remoteAddress, options, twiceLater(done, begin));
      return () => {
        isAbandoned = true;
        native.abandonClaim(begun);
      };
    },
  };
}

function isLackOfOurs({ code, errno, pid }: VmoError): boolean {
  return LIMITS.has(errno) || (pid === process.pid && LACKS.has(code));
}

/** The error of the first try says more than that of the second. */
function insteadOf<R>(error: unknown, action: () => R): R {
  try {
    return action();
  } catch {
    throw error;
  }
}

class Collector {
  readonly #native: Native;
  #vainMs = 0;
  #lastMs = 0;
  readonly #now: () => number;

  constructor(native: Native, now: () => number) {
    this.#native = native;
    this.#now = now;
  }

  /** Whether a collection has given back something that the failed call may have lacked. */
  helpsAgainst(error: unknown): boolean {
    return error instanceof VmoError && isLackOfOurs(error) && this.#isWorthIt() && this.#collect(error.code);
  }

  #isWorthIt(): boolean {
    const now = this.#now();
    this.#vainMs = Math.max(0, this.#vainMs - (now - this.#lastMs) * VAIN_SHARE);
    this.#lastMs = now;
    return this.#vainMs < MOST_VAIN_MS;
  }

  #collect(code: string): boolean {
    const begin = this.#now();
    const mostBytes = ROOM_BESIDES_BYTES + getHeapStatistics().total_heap_size;
    const bun = (globalThis as { Bun?: { gc(isSynchronous: boolean): void } }).Bun;
    bun?.gc(true);
    const hasGivenBack = this.#native.collect(mostBytes);
    const tookMs = this.#now() - begin;
    if (!hasGivenBack) this.#vainMs += tookMs;
    log.addon('%s: a collection of %d ms has given %s back', code, tookMs, hasGivenBack ? 'something' : 'nothing');
    return hasGivenBack;
  }
}

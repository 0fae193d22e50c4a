import type { Engine } from '../engine/engine.js';

const INTERVAL_MS = 200;
/** One "nobody is there" may be a server or a connection that is just being set up again. */
const GONE_AFTER = 3;

interface Watched {
  watchers: Set<() => void>;
  silentSince: number;
  timesAbsent: number;
  isAsking: boolean;
}

/**
 * Asks the peers of which something is in use whether they are there. A peer that has no agent is gone within a second; one that
 * cannot be reached, when its lease is over.
 */
export class PeerWatch {
  readonly #engine: Engine;
  readonly #leaseMs: number;
  readonly #peers = new Map<string, Watched>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(engine: Engine, leaseMs: number) {
    this.#engine = engine;
    this.#leaseMs = leaseMs;
  }

  /** Calls back once if the peer is gone, unless this is closed before. Returns how to stop that. */
  watch(peer: string, onGone: () => void): () => void {
    if (this.#isClosed) return () => undefined;
    const watched = this.#peers.get(peer) ?? newlyWatched();
    this.#peers.set(peer, watched);
    watched.watchers.add(onGone);
    this.#timer ??= setInterval(() => {
      this.#askAll();
    }, INTERVAL_MS);
    return () => {
      watched.watchers.delete(onGone);
      if (watched.watchers.size === 0 && this.#peers.get(peer) === watched) this.#forget(peer);
    };
  }

  close(): void {
    this.#isClosed = true;
    for (const peer of [...this.#peers.keys()]) this.#forget(peer);
  }

  #askAll(): void {
    for (const [peer, watched] of this.#peers) if (!watched.isAsking) void this.#ask(peer, watched);
  }

  async #ask(peer: string, watched: Watched): Promise<void> {
    watched.isAsking = true;
    const isThere = await this.#engine.ping(peer, AbortSignal.timeout(1000)).catch(() => undefined);
    watched.isAsking = false;
    if (this.#peers.get(peer) !== watched) return;
    const now = performance.now();
    if (isThere === true) Object.assign(watched, { silentSince: now, timesAbsent: 0 });
    if (isThere === false) watched.timesAbsent++;
    if (watched.timesAbsent < GONE_AFTER && now - watched.silentSince < this.#leaseMs) return;
    this.#forget(peer);
    for (const onGone of watched.watchers) onGone();
  }

  #forget(peer: string): void {
    this.#peers.delete(peer);
    if (this.#peers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

function newlyWatched(): Watched {
  return { watchers: new Set(), silentSince: performance.now(), timesAbsent: 0, isAsking: false };
}

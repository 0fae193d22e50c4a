import { setTimeout as sleep } from 'node:timers/promises';
import { supply, vmOffer, VMO_GRANT_R, type Offer, type SuppliedRegion, type Want } from 'vmoffer';
import type { OfferRecord } from '../engine/engine.js';
import { isGone, type UnitSource } from './unit-source.js';

const CONCURRENCY = 8;
const FILL_TIMEOUT_MS = 10_000;
const PAUSE_MS = 50;
/** How long a process may take to claim what it has asked for. */
const PATIENCE_MS = 30_000;

/** Memory of another peer, as it is supplied to the processes here: once for all of them. */
export class Holding {
  readonly record: OfferRecord;
  readonly region: SuppliedRegion;
  readonly #source: UnitSource;
  readonly #turns = new Map<number, Promise<unknown>>();
  #isGone = false;

  constructor(record: OfferRecord, source: UnitSource) {
    this.record = record;
    this.#source = source;
    this.region = supply(record.byteLength, {
      supplier: (want, into) => this.#bring(want, into),
      unit: record.unit,
      concurrency: CONCURRENCY,
      timeoutMs: FILL_TIMEOUT_MS,
    });
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** Brings the first unit, so that a claim whose memory is not to be had fails at once. */
  async begin(signal: AbortSignal): Promise<void> {
    const bytes = await this.#source.fetch(0, signal);
    if (!this.region.released) this.region.fill(0, bytes);
  }

  /** Offers it to a process here. Offers to one process take turns, since each address stands offered to it once. */
  async lend(pid: number): Promise<Offer> {
    const turn = (this.#turns.get(pid) ?? Promise.resolve()).then(() => vmOffer(pid, this.region, VMO_GRANT_R));
    const ended = turn.then(
      (offer) => claimedInTime(offer),
      () => undefined,
    );
    this.#turns.set(pid, ended);
    void ended.then(() => {
      if (this.#turns.get(pid) === ended) this.#turns.delete(pid);
    });
    return turn;
  }

  /** Every touch that waits ends, as when a source process dies. */
  fail(): void {
    this.#isGone = true;
    this.region.release();
  }

  release(): void {
    this.region.release();
  }

  async #bring({ offset, signal }: Want, into: Uint8Array): Promise<void> {
    const index = offset / this.record.unit;
    for (;;) {
      try {
        into.set(await this.#source.fetch(index, signal));
        return;
      } catch (error) {
        // Whether the peer is gone, or is connecting anew, the watch of the peers tells; if gone, this is aborted.
        if (!isGone(error) || signal.aborted) throw error;
        await sleep(PAUSE_MS, undefined, { signal });
      }
    }
  }
}

async function claimedInTime(offer: Offer): Promise<void> {
  const timer = setTimeout(() => {
    cancelQuietly(offer);
  }, PATIENCE_MS);
  await offer.claimed;
  clearTimeout(timer);
}

export function cancelQuietly(offer: Offer): void {
  try {
    offer.cancel();
  } catch {
    // it has been claimed, or is being claimed
  }
}

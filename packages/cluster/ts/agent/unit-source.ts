import { type Engine, type OfferRecord } from '../engine/engine.js';
import { isEngineError } from '../errors.js';
import type { Counters } from './counters.js';
import { gridOf, rangeOfUnit, withoutDigest, type UnitGrid } from './units.js';

/** Fetches units of another peer's object: from that peer, or out of the engine's store. */
export class UnitSource {
  readonly grid: UnitGrid;
  readonly record: OfferRecord;
  readonly #engine: Engine;
  readonly #counters: Counters;

  constructor(record: OfferRecord, engine: Engine, counters: Counters) {
    this.record = record;
    this.#engine = engine;
    this.#counters = counters;
    this.grid = gridOf(record);
  }

  /** Rejects with an EngineError, or where the bytes are not what they should be. */
  async fetch(index: number, signal: AbortSignal): Promise<Uint8Array> {
    try {
      const bytes = await this.#read(index, signal);
      this.#counters.add('units_fetched_total');
      this.#counters.add('bytes_fetched_total', bytes.byteLength);
      return this.grid.hasDigests ? withoutDigest(bytes) : bytes;
    } catch (error) {
      if (!signal.aborted) this.#counters.add('fetches_failed_total');
      throw error;
    }
  }

  async #read(index: number, signal: AbortSignal): Promise<Uint8Array> {
    const { from, object, durable } = this.record;
    if (!durable) return this.#engine.read(from, object, rangeOfUnit(index, this.grid), signal);
    const { store } = this.#engine;
    if (!store) throw new Error('this engine has no store, and the offer is durable');
    const bytes = await store.get(from, object, index, signal);
    const { byteLength } = rangeOfUnit(index, this.grid);
    if (bytes.byteLength !== byteLength)
      throw new Error(`stored unit ${index} has ${bytes.byteLength} bytes, not ${byteLength}`);
    return bytes;
  }
}

export function isGone(error: unknown): boolean {
  return isEngineError(error, 'gone');
}

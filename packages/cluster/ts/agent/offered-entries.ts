import type { Entry, OfferRecord } from '../engine/engine.js';

/** Records by id, in the order in which they came, and how many of each peer. */
export class OfferedEntries {
  readonly #entries = new Map<string, Entry>();
  readonly #counts = new Map<string, number>();

  get records(): OfferRecord[] {
    return [...this.#entries.values()].map(({ record }) => record);
  }

  countOf(peer: string): number {
    return this.#counts.get(peer) ?? 0;
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  get(id: string): Entry | undefined {
    return this.#entries.get(id);
  }

  set(id: string, entry: Entry): void {
    this.delete(id);
    this.#entries.set(id, entry);
    this.#add(entry, 1);
  }

  delete(id: string): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#entries.delete(id);
    this.#add(entry, -1);
  }

  #add({ record: { from } }: Entry, by: number): void {
    const count = this.countOf(from) + by;
    if (count === 0) this.#counts.delete(from);
    else this.#counts.set(from, count);
  }
}

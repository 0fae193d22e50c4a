import type { Change, Entry, OfferName, OfferRecord } from '../engine.js';
import { EngineError } from '../engine.js';

type Watcher = (change: Change) => void;

/** The records of all peers of a hub. Entries are copies: nobody changes a record but by compare-and-set. */
export class Book {
  readonly #entries = new Map<string, Entry>();
  /** The ids of all records that there ever were: a server does not forget them soon either. */
  readonly #taken = new Set<string>();
  readonly #watchers = new Map<Watcher, string>();
  #revision = 0;

  announce(record: OfferRecord): Entry {
    if (this.#taken.has(record.id)) throw conflict(record, 'is there, or was');
    this.#taken.add(record.id);
    return this.#set(record);
  }

  replace(entry: Entry, next: OfferRecord): Entry {
    this.#expect(entry);
    return this.#set(next);
  }

  withdraw(entry: Entry): void {
    this.#expect(entry);
    this.#entries.delete(entry.record.id);
    this.#revision++;
    this.#tell({ name: nameOf(entry.record), entry: undefined });
  }

  find({ id, from, to }: OfferName): Entry | undefined {
    const entry = this.#entries.get(id);
    return entry?.record.from === from && entry.record.to === to ? structuredClone(entry) : undefined;
  }

  /** Tells what stands, then each change, until the returned function is called. */
  watch(peer: string, watcher: Watcher): () => void {
    for (const entry of this.#entries.values()) {
      if (concerns(peer, entry.record)) watcher({ name: nameOf(entry.record), entry: structuredClone(entry) });
    }
    this.#watchers.set(watcher, peer);
    return () => this.#watchers.delete(watcher);
  }

  #expect({ record, revision }: Entry): void {
    if (this.#entries.get(record.id)?.revision !== revision) throw conflict(record, 'has been changed or removed');
  }

  #set(record: OfferRecord): Entry {
    const entry = { record: structuredClone(record), revision: ++this.#revision };
    this.#entries.set(record.id, entry);
    this.#tell({ name: nameOf(record), entry });
    return structuredClone(entry);
  }

  #tell(change: Change): void {
    for (const [watcher, peer] of this.#watchers) {
      if (concerns(peer, change.name)) watcher(structuredClone(change));
    }
  }
}

function concerns(peer: string, { from, to }: OfferName): boolean {
  return from === peer || to === peer;
}

function nameOf({ id, from, to }: OfferName): OfferName {
  return { id, from, to };
}

function conflict({ id }: OfferName, what: string): EngineError {
  return new EngineError('conflict', `the record of offer ${id} ${what}: read it again`);
}

import type { ByteRange, Engine, Service } from '../engine/engine.js';
import type { Counters } from './counters.js';
import type { LocalMemory } from './local-memory.js';
import { checkInside, unitOfRange, withDigest, type UnitGrid } from './units.js';

/** Ranges of one reader that are answered at once; more are refused. */
const MAX_READS_OF_READER = 64;

/** Asked before each answer: whether that reader has claimed the object, as far as the book knows. */
export type MayRead = () => boolean | Promise<boolean>;

interface Reader {
  service: Promise<Service>;
  offers: Set<MayRead>;
  reads: number;
}

/** One memory of a process here, as other peers read it. */
export class ServedObject {
  readonly id: string;
  readonly memory: LocalMemory;
  readonly grid: UnitGrid;
  readonly #engine: Engine;
  readonly #counters: Counters;
  readonly #readers = new Map<string, Reader>();

  constructor(id: string, memory: LocalMemory, grid: UnitGrid, { engine, counters }: Serving) {
    this.id = id;
    this.memory = memory;
    this.grid = grid;
    this.#engine = engine;
    this.#counters = counters;
  }

  /** Answers this reader from now on, wherever one of its offers says that it may read. */
  async open(name: string, mayRead: MayRead): Promise<void> {
    let reader = this.#readers.get(name);
    if (!reader) {
      const service = this.#engine.serve(this.id, name, (range) => this.#answer(name, range));
      reader = { service, offers: new Set(), reads: 0 };
      this.#readers.set(name, reader);
    }
    reader.offers.add(mayRead);
    await reader.service;
  }

  async close(name: string, mayRead: MayRead): Promise<void> {
    const reader = this.#readers.get(name);
    if (!reader) return;
    reader.offers.delete(mayRead);
    if (reader.offers.size > 0) return;
    this.#readers.delete(name);
    await reader.service.then((service) => service.close()).catch(() => undefined); // the connection may have ended
  }

  async #answer(name: string, range: ByteRange): Promise<Uint8Array> {
    const reader = this.#readers.get(name);
    if (!reader || reader.reads >= MAX_READS_OF_READER)
      throw new Error(`at most ${MAX_READS_OF_READER} ranges at once`);
    reader.reads++;
    try {
      if (!(await isAllowed(reader))) throw new Error('it is not claimed');
      const bytes = await this.#bytes(range);
      this.#counters.add('ranges_served_total');
      this.#counters.add('bytes_served_total', bytes.byteLength);
      return bytes;
    } finally {
      reader.reads--;
    }
  }

  async #bytes(range: ByteRange): Promise<Uint8Array> {
    const { grid, memory } = this;
    if (!grid.hasDigests) {
      checkInside(range, grid.byteLength);
      return memory.read(range);
    }
    const index = unitOfRange(range, grid);
    const offset = index * grid.unit;
    return withDigest(await memory.read({ offset, byteLength: Math.min(grid.unit, grid.byteLength - offset) }));
  }
}

export interface Serving {
  engine: Engine;
  counters: Counters;
}

async function isAllowed({ offers }: Reader): Promise<boolean> {
  for (const mayRead of offers) if (await mayRead()) return true;
  return false;
}

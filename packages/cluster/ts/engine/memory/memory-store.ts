import type { Store } from '../engine.js';
import { checkUnit } from '../names.js';
import type { Units } from './units.js';

type Request = <Result>(run: () => Result, signal?: AbortSignal) => Promise<Result>;

/** What one peer sees of the stored bytes of a hub. */
export class MemoryStore implements Store {
  readonly #units: Units;
  readonly #self: string;
  readonly #request: Request;

  constructor(units: Units, self: string, request: Request) {
    this.#units = units;
    this.#self = self;
    this.#request = request;
  }

  async put(object: string, reader: string, unit: number, bytes: Uint8Array): Promise<void> {
    checkUnit(reader, object, unit);
    await this.#request(() => {
      this.#units.put(this.#self, reader, object, unit, bytes);
    });
  }

  async get(holder: string, object: string, unit: number, signal: AbortSignal): Promise<Uint8Array> {
    checkUnit(holder, object, unit);
    return this.#request(() => this.#units.get(holder, this.#self, object, unit), signal);
  }

  async drop(object: string, reader: string): Promise<void> {
    checkUnit(reader, object, 0);
    await this.#request(() => {
      this.#units.drop(this.#self, reader, object);
    });
  }
}

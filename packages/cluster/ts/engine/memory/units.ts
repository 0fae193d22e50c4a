import { EngineError } from '../engine.js';

/** The stored bytes of all peers of a hub. */
export class Units {
  readonly #objects = new Map<string, Map<number, Uint8Array>>();

  put(holder: string, reader: string, object: string, unit: number, bytes: Uint8Array): void {
    const key = keyOf(holder, reader, object);
    const units = this.#objects.get(key) ?? new Map<number, Uint8Array>();
    this.#objects.set(key, units);
    units.set(unit, bytes.slice());
  }

  get(holder: string, reader: string, object: string, unit: number): Uint8Array {
    const bytes = this.#objects.get(keyOf(holder, reader, object))?.get(unit);
    if (!bytes) throw new EngineError('gone', `unit ${unit} of ${object}, from ${holder}, is not stored`);
    return bytes.slice();
  }

  drop(holder: string, reader: string, object: string): void {
    this.#objects.delete(keyOf(holder, reader, object));
  }
}

function keyOf(...names: string[]): string {
  return names.join('.');
}

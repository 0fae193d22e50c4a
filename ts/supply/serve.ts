import { supplyFailed } from '../errors.js';
import { addon } from '../load-addon.js';
import { log } from '../log.js';
import type { NativeSupplier } from '../native.js';
import { describeValue } from '../validate.js';
import type { Supplier } from './supplier.js';

/** Names supplied memory to any thread of its process. */
export interface SupplyName {
  readonly address: bigint;
  readonly number: number;
  readonly unit: number;
}

/**
 * Has a supplier on this thread bring what is wanted, until `close()` is called: then it gives back what it holds. The promise
 * fulfils when it has, or has failed to.
 */
export function serve(supplier: Supplier, name: SupplyName): { close(): Promise<void> } {
  const served = new ServedMemory(supplier, name.unit);
  served.begin(name);
  return served;
}

class ServedMemory {
  readonly #supplier: Supplier;
  readonly #unit: number;
  readonly #fills = new Map<number, AbortController>();
  /** An array is not used again before its supplier has come to an end, however late that is. */
  readonly #arrays: Uint8Array[] = [];
  #native: NativeSupplier | undefined;

  constructor(supplier: Supplier, unit: number) {
    this.#supplier = supplier;
    this.#unit = unit;
  }

  begin({ address, number }: SupplyName): void {
    log.supply('a supplier serves memory %d', number);
    this.#native = addon().serveSupply(
      address,
      number,
      (...order) => void this.#bring(...order),
      (fill) => this.#fills.get(fill)?.abort(),
    );
  }

  async close(): Promise<void> {
    this.#native?.close();
    for (const controller of this.#fills.values()) controller.abort();
    try {
      await this.#supplier[Symbol.asyncDispose]?.();
    } catch (error) {
      log.supply('a supplier could not give back what it holds: %O', error);
    }
  }

  async #bring(fill: number, offset: number, byteLength: number, waiting: boolean): Promise<void> {
    const controller = new AbortController();
    this.#fills.set(fill, controller);
    const array = this.#takeArray();
    const into = array.subarray(0, byteLength);
    const progress = () => {
      this.#native?.extend(fill);
    };
    try {
      await this.#supplier({ offset, byteLength, waiting, signal: controller.signal, progress }, into);
      if (into.byteLength !== byteLength)
        throw supplyFailed('the supplier has moved the array away that it had to fill');
      this.#native?.finish(fill, into);
    } catch (error) {
      if (log.supply.enabled) log.supply('%d bytes at %d failed: %s', byteLength, offset, messageOf(error));
      this.#native?.fail(fill, messageOf(error));
    }
    this.#fills.delete(fill);
    if (array.byteLength === this.#unit) this.#arrays.push(array);
  }

  #takeArray(): Uint8Array {
    const free = this.#arrays.findIndex((array) => !this.#native?.isInUse(array));
    const [array] = free < 0 ? [] : this.#arrays.splice(free, 1);
    return array ?? this.#native?.makeArray(this.#unit) ?? new Uint8Array(this.#unit);
  }
}

export function messageOf(error: unknown): string {
  const message: unknown = error instanceof Error ? error.message : undefined; // a program can make it anything
  return typeof message === 'string' ? message : describeValue(error);
}

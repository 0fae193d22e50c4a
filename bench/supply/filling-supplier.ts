/** A supplier that costs next to nothing, or only time: every byte is the one that all sources write. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Supplier } from 'vmoffer';
import { FILLING } from '../filling.js';

export interface FillingOptions {
  /** How long it takes for each unit, in milliseconds, as a server would. Default: no time. */
  ms?: number;
}

export function createSupplier({ ms = 0 }: FillingOptions = {}): Supplier {
  if (ms === 0) return (_, into) => void into.fill(FILLING);
  return async (_, into) => {
    await delay(ms);
    into.fill(FILLING);
  };
}

import { invalidArgument } from '../errors.js';
import { MIB } from '../units.js';
import { checkOptions, checkTimeout, describeValue } from '../validate.js';
import { checkSupplierModule, type CheckedModule } from './load.js';
import type { Supplier, SupplierModule } from './supplier.js';

const MIN_UNIT = 64 * 1024;
const MAX_UNIT = 4 * MIB;
const MAX_CONCURRENCY = 64;
const MIN_TIMEOUT_MS = 10;
const DEFAULT_UNIT = 256 * 1024;
const DEFAULT_CONCURRENCY = 8;
const DEFAULT_TIMEOUT_MS = 10_000;
/** What the fills under way will take, and as much that stays. */
const LEAST_BUDGET_IN_FILLS = 2;

/**
 * How memory is supplied.
 *
 * @category Supplying
 */
export interface SupplyOptions {
  /**
   * Who brings the bytes. A module (its URL, or `{ module, options }` as `fileRange()` returns it) is loaded into a Worker of its own,
   * which is recommended: a thread that waits for a page does not wait for this thread. A function runs on this thread. If the
   * Worker ends, what it was filling fails, and another Worker takes its place. If the module cannot be loaded, all that is asked for
   * fails until `retry()` is called.
   */
  supplier: Supplier | SupplierModule | URL | string;
  /** How many bytes are asked for at once: a power of two from 64 KiB to 4 MiB. Default: 256 KiB. */
  unit?: number;
  /** How many units the supplier is asked for at once, from 1 to 64. Those that a thread waits for come first. Default: 8. */
  concurrency?: number;
  /**
   * How long the supplier may take for a unit, in milliseconds, at least 10. After that the unit has failed. `want.progress()` extends
   * it, up to six times as long in all. A source that is stopped for so long counts as gone. Default: 10 000.
   */
  timeoutMs?: number;
  /**
   * How many bytes may be there at once, at least `2 * concurrency * unit`. Beyond that, what was asked for longest ago is taken
   * back from the claims and dropped; it is filled again when it is touched. Fills under way come on top. A claim that needs a
   * unit, or does not answer for 5 seconds, keeps it, and the budget is exceeded. Default: no budget.
   */
  budget?: number;
}

export interface CheckedSupplyOptions {
  supplier: Supplier | CheckedModule;
  unit: number;
  concurrency: number;
  timeoutMs: number;
  /** 0: none. */
  budget: number;
}

export function checkSupplyOptions(options: SupplyOptions): CheckedSupplyOptions {
  checkOptions(options);
  const { supplier, unit = DEFAULT_UNIT, concurrency = DEFAULT_CONCURRENCY, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const { budget } = options;
  checkUnit(unit);
  checkConcurrency(concurrency);
  checkTimeout(timeoutMs);
  if (timeoutMs < MIN_TIMEOUT_MS) {
    throw invalidArgument(
      `timeoutMs must be at least ${MIN_TIMEOUT_MS}, got ${timeoutMs}; claims would give up before an answer can come`,
    );
  }
  checkBudget(budget, LEAST_BUDGET_IN_FILLS * concurrency * unit);
  return {
    supplier: typeof supplier === 'function' ? supplier : checkSupplierModule(supplier),
    unit,
    concurrency,
    timeoutMs: Math.ceil(timeoutMs),
    budget: budget ?? 0,
  };
}

function checkUnit(unit: unknown): asserts unit is number {
  const isGood = typeof unit === 'number' && unit >= MIN_UNIT && unit <= MAX_UNIT && Number.isInteger(Math.log2(unit));
  if (isGood) return;
  throw invalidArgument(
    `unit must be a power of two from ${MIN_UNIT} (64 KiB) to ${MAX_UNIT} (4 MiB), got ${describeValue(unit)}`,
  );
}

function checkConcurrency(concurrency: unknown): asserts concurrency is number {
  const isGood = Number.isInteger(concurrency) && Number(concurrency) >= 1 && Number(concurrency) <= MAX_CONCURRENCY;
  if (isGood) return;
  throw invalidArgument(
    `concurrency must be an integer from 1 to ${MAX_CONCURRENCY}, got ${describeValue(concurrency)}`,
  );
}

function checkBudget(budget: unknown, least: number): void {
  if (budget === undefined || (Number.isSafeInteger(budget) && Number(budget) >= least)) return;
  throw invalidArgument(
    `budget must be a number of bytes, at least 2 * concurrency * unit = ${least}, got ${describeValue(budget)}; leave it out for no budget`,
  );
}

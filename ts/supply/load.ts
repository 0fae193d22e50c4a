import { invalidArgument, supplyFailed, VmoError } from '../errors.js';
import { describeValue } from '../validate.js';
import type { CreateSupplier, SuppliedMemory, Supplier, SupplierModule } from './supplier.js';

/** A description that can be sent to another thread: a URL cannot be cloned, its text can. */
export interface CheckedModule {
  readonly module: string;
  readonly options?: unknown;
}

const SCHEMES = ['file:', 'data:'];
const EXAMPLE = "pass new URL('./supplier.js', import.meta.url)";

/** Checks a module's address, or its description, on the thread of the program that gave it. */
export function checkSupplierModule(given: unknown): CheckedModule {
  if (typeof given === 'string' || given instanceof URL) return { module: checkAddress(given) };
  if (typeof given !== 'object' || given === null || !('module' in given)) {
    throw invalidArgument(
      `a supplier must be a function, a module or { module, options }, got ${describeValue(given)}`,
    );
  }
  const module = checkAddress(given.module);
  const options = 'options' in given ? given.options : undefined;
  return options === undefined ? { module } : { module, options: cloned(options, module) };
}

/**
 * Loads a supplier into this thread. For a supplier that shall run on the calling thread, and for the Worker in which it runs
 * otherwise.
 *
 * @param description the module, as `fileRange()` and `httpRange()` return it.
 * @param memory what it is made for, if that is known: a supplier then refuses at once if it has too few bytes.
 * @throws VmoError ERR_VMO_INVALID_ARGUMENT if the module exports no supplier, ERR_VMO_SUPPLY if it cannot be loaded or does not
 * succeed in making one.
 *
 * @category Supplying
 */
export async function loadSupplier(
  description: SupplierModule | URL | string,
  memory?: SuppliedMemory,
): Promise<Supplier> {
  const checked = checkSupplierModule(description);
  const exported = await importModule(checked.module);
  const { createSupplier, default: own } = exported;
  if (createSupplier !== undefined) return await create(checked, createSupplier, memory);
  if (checked.options !== undefined) {
    throw invalidArgument(
      `the module ${checked.module} exports no createSupplier, which would take the options; export it, or leave the options out`,
    );
  }
  return expectSupplier(own, `the default export of the module ${checked.module}`);
}

function checkAddress(address: unknown): string {
  const text = address instanceof URL ? address.href : address;
  const parsed = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
  if (!parsed) throw invalidArgument(`the supplier's module must be a URL, got ${describeValue(address)}; ${EXAMPLE}`);
  if (!SCHEMES.includes(parsed.protocol)) {
    throw invalidArgument(
      `the supplier's module must be a URL of a file, got ${describeValue(parsed.href)}; ${EXAMPLE}`,
    );
  }
  return parsed.href;
}

function cloned(options: unknown, module: string): unknown {
  try {
    return structuredClone(options);
  } catch (cause) {
    throw invalidArgument(
      `the options of the module ${module} cannot be sent to another thread: ${messageOf(cause)}; pass plain data`,
      { cause },
    );
  }
}

async function importModule(module: string): Promise<Record<string, unknown>> {
  try {
    return (await import(module)) as Record<string, unknown>;
  } catch (cause) {
    throw supplyFailed(`the supplier's module ${module} could not be loaded: ${messageOf(cause)}`, { cause });
  }
}

async function create(
  { module, options }: CheckedModule,
  createSupplier: unknown,
  memory: SuppliedMemory | undefined,
): Promise<Supplier> {
  if (typeof createSupplier !== 'function') {
    throw invalidArgument(
      `createSupplier of the module ${module} must be a function, it is ${describeValue(createSupplier)}`,
    );
  }
  const made = await callCreate(createSupplier as CreateSupplier, module, options, memory);
  return expectSupplier(made, `what createSupplier of the module ${module} returns`);
}

async function callCreate(
  createSupplier: CreateSupplier,
  module: string,
  ...args: Parameters<CreateSupplier>
): Promise<unknown> {
  try {
    return await createSupplier(...args);
  } catch (cause) {
    if (cause instanceof VmoError) throw cause;
    throw supplyFailed(`the module ${module} could not make its supplier: ${messageOf(cause)}`, { cause });
  }
}

function expectSupplier(value: unknown, what: string): Supplier {
  if (typeof value === 'function') return value as Supplier;
  throw invalidArgument(
    `${what} must be a supplier, a function (want, into), but it is ${describeValue(value)}; export createSupplier, or the supplier as the default`,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : describeValue(error);
}

import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { invalidArgument, supplyFailed } from '../../errors.js';
import { checkLength, checkOptions, describeValue } from '../../validate.js';
import type { SuppliedMemory, Supplier, SupplierModule, Want } from '../supplier.js';
import { RegularFile } from './regular-file.js';
import { SourceEnd } from './source-end.js';

/**
 * How to read a file.
 *
 * @category Supplying
 */
export interface FileRangeOptions {
  /** Where in the file the memory begins. Default: 0. */
  offset?: number;
}

interface CheckedOptions {
  path: string;
  offset: number;
}

/**
 * A supplier that reads a file, in ranges, when they are touched.
 *
 * The file is opened once. If it is written to after that (its size or its time of modification changes), every
 * further fill is an error, so that the memory is never a mixture of two versions. To rename another file over it does no harm:
 * the one that was opened goes on being read.
 *
 * If the file's length is no multiple of the page size, the rest of the last page is zeros.
 *
 * @param path the file, which must be a regular one. A relative path is resolved now.
 * @param options where to begin.
 *
 * @category Supplying
 */
export function fileRange(path: string | URL, options: FileRangeOptions = {}): SupplierModule {
  checkOptions(options);
  const { offset = 0 } = options;
  checkLength(offset, 'offset');
  return { module: import.meta.url, options: { path: checkPath(path), offset } satisfies CheckedOptions };
}

/** @internal */
export async function createSupplier(options: unknown, memory?: SuppliedMemory): Promise<Supplier> {
  const { path, offset } = options as CheckedOptions;
  const file = await RegularFile.open(path);
  try {
    if (file.byteLength <= offset) {
      throw supplyFailed(
        `the file ${path} has ${file.byteLength} bytes: there is nothing to supply from byte ${offset} on`,
      );
    }
    const what = offset === 0 ? `the file ${path}` : `the file ${path} from byte ${offset} on`;
    return supplierOf(file, offset, new SourceEnd(what, file.byteLength - offset, memory));
  } catch (error) {
    await file.close();
    throw error;
  }
}

function checkPath(path: unknown): string {
  if (path instanceof URL && path.protocol === 'file:') return fileURLToPath(path);
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) return resolve(path);
  throw invalidArgument(`path must be the path of a file, or its file: URL, got ${describeValue(path)}`);
}

function supplierOf(file: RegularFile, offset: number, end: SourceEnd): Supplier {
  const fills = new Set<Promise<void>>();
  let isDisposed = false;
  const fill = async (want: Want, into: Uint8Array): Promise<void> => {
    if (isDisposed) throw supplyFailed(`the supplier of the file ${file.path} has been disposed of`);
    await file.read(want, into.subarray(0, end.share(want, into)), offset + want.offset);
  };
  const supply = async (want: Want, into: Uint8Array): Promise<void> => {
    const filling = fill(want, into);
    fills.add(filling);
    try {
      await filling;
    } finally {
      fills.delete(filling);
    }
  };
  const dispose = async (): Promise<void> => {
    isDisposed = true;
    await Promise.allSettled(fills);
    await file.close();
  };
  return Object.assign(supply, { [Symbol.asyncDispose]: dispose });
}

/** The flights of vega-datasets, often enough to be some hundreds of MB. */
import { RecordBatchStreamWriter, Table, tableFromIPC, type Int16 } from 'apache-arrow';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { allocate, capabilities, type Region } from 'vmoffer';

const REPEATS = 200;

// A type and not an interface: Arrow asks for an index signature.
// eslint-disable-next-line @typescript-eslint/consistent-type-definitions
export type Flights = { delay: Int16; distance: Int16 };

export interface FlightsInMemory {
  region: Region;
  /** How many bytes of the region the table takes. */
  byteLength: number;
  rowCount: number;
  /** The delays of the small table, as often as it was repeated. */
  sumOfDelays: number;
}

export function readFlights(): Table<Flights> {
  const entry = createRequire(import.meta.url).resolve('vega-datasets');
  return tableFromIPC<Flights>(readFileSync(join(dirname(entry), '..', 'data', 'flights-200k.arrow')));
}

/** Writes the table, in Arrow's stream format, into memory that can be offered. */
export async function putIntoMemory(small: Table<Flights>, repeats = REPEATS): Promise<FlightsInMemory> {
  const batches = Array.from({ length: repeats }, () => small.batches).flat();
  const large = new Table(small.schema, batches);
  // The parts are views of the small table's own columns, so that they are cheap to have all at once.
  const parts: Uint8Array[] = [];
  const writer: AsyncIterable<Uint8Array> = RecordBatchStreamWriter.writeAll(large);
  for await (const part of writer) parts.push(part);
  const byteLength = parts.reduce((sum, part) => sum + part.length, 0);
  const { pageSize } = capabilities();
  const region = allocate(Math.ceil(byteLength / pageSize) * pageSize);
  let at = 0;
  for (const part of parts) {
    region.view(at, part.length).set(part);
    at += part.length;
  }
  return { region, byteLength, rowCount: large.numRows, sumOfDelays: repeats * sumOfDelays(small) };
}

/** Goes over the column's own memory, not over copies of its values. */
export function sumOfDelays(table: Table<Flights>): number {
  let sum = 0;
  for (const { values, nullCount } of table.getChild('delay')?.data ?? []) {
    if (nullCount > 0) throw new RangeError('the column of delays has gaps');
    for (const value of values) sum += value;
  }
  return sum;
}

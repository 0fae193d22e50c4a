/** The flights of vega-datasets, often enough to be some hundreds of MB. */
import { makeData, RecordBatch, RecordBatchStreamWriter, Struct, Table, tableFromIPC, type Int16 } from 'apache-arrow';
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
  const large = repeated(small, repeats);
  // The parts are views of the table's own columns, so that they are cheap to have all at once.
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

/** The rows of a table as often as wanted, in one batch: each column lies in one piece, as in a table of that size. */
export function repeated(small: Table<Flights>, repeats: number): Table<Flights> {
  const fields = small.schema.fields.map((field, at) => {
    const piece = small.getChildAt(at)?.toArray() as Int16Array | Float32Array;
    const whole = new (piece.constructor as typeof Int16Array)(repeats * piece.length);
    for (let copy = 0; copy < repeats; copy++) whole.set(piece, copy * piece.length);
    return makeData({ type: field.type, data: whole });
  });
  const rows = makeData({ type: new Struct<Flights>(small.schema.fields), children: fields });
  return new Table([new RecordBatch(small.schema, rows)]);
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

/** The flights as a file in Apache Arrow's format: its index is at the end, and each column lies in one piece. */
import { tableToIPC, type Table } from 'apache-arrow';
import { repeated, sumOfDelays, type Flights } from '../flights.js';

const REPEATS = 100;

export interface TableFile {
  bytes: Uint8Array;
  rowCount: number;
  /** The delays of the small table, as often as it was repeated. */
  sumOfDelays: number;
}

export function makeTableFile(small: Table<Flights>, repeats = REPEATS): TableFile {
  const large = repeated(small, repeats);
  return {
    bytes: tableToIPC(large, 'file'),
    rowCount: large.numRows,
    sumOfDelays: repeats * sumOfDelays(small),
  };
}

/** Where a column lies in the memory of its table. Nothing of the column is read. */
export function placeOfColumn(table: Table<Flights>, name: keyof Flights): { offset: number; byteLength: number } {
  const pieces = table.getChild(name)?.data ?? [];
  const [piece] = pieces;
  if (!piece || pieces.length > 1) throw new RangeError(`the column ${name} does not lie in one piece`);
  return { offset: piece.values.byteOffset, byteLength: piece.values.byteLength };
}

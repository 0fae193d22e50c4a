/** Part 1, the source: a table that both processes understand, because its bytes are in a format for that. */
import { Checksum } from './checksum.js';
import { expectSame } from './failure.js';
import { putIntoMemory, readFlights } from './flights.js';
import { handOver } from './hand-over.js';
import { Letter } from './letter.js';
import { count, megabytes, say } from './say.js';

export interface TableSaid {
  byteLength: number;
  rowCount: number;
  sumOfDelays: number;
  checksum: string;
}

export interface TableAnswer {
  sumOfDelays: number;
  checksum: string;
}

export async function offerTable(): Promise<void> {
  console.log('\n1. A table: the other process opens it without copying it\n');
  const { region, byteLength, rowCount, sumOfDelays } = await putIntoMemory(readFlights());
  const checksum = new Checksum().add(region.view(0, byteLength)).toString();
  say('source', `I have a table of ${count(rowCount)} flights, ${megabytes(byteLength)} in Apache Arrow's format.`);
  const said = { byteLength, rowCount, sumOfDelays, checksum };
  const answer = await handOver('table-claimer', region, Letter.write<TableSaid, TableAnswer>(said));
  expectSame('the sum of the delays', sumOfDelays, answer.sumOfDelays);
  expectSame('the checksum of the table', checksum, answer.checksum);
  region.release();
  say('source', `Its sum and its checksum are mine. It wrote them into a page that I had granted it to write.`);
}

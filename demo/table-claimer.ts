/** Part 1, the claimer: a program of its own, started with the source's pid. */
import { tableFromIPC, type Table } from 'apache-arrow';
import type { Claim } from 'vmoffer';
import { Checksum } from './checksum.js';
import { expectSame, Failure, runProgram } from './failure.js';
import { sumOfDelays, type Flights } from './flights.js';
import { count, megabytes, milliseconds, say } from './say.js';
import type { TableAnswer, TableSaid } from './table-source.js';
import { takeOver } from './take-over.js';

async function main(): Promise<void> {
  const { memory, letter } = await takeOver<TableSaid, TableAnswer>();
  const { byteLength, rowCount, ...expected } = letter.said;
  say('claimer', `Process ${memory.srcPid} offers me ${megabytes(memory.byteLength)}, to read.`);
  const start = performance.now();
  using claim = await memory.claim();
  say('claimer', `Claimed in ${milliseconds(performance.now() - start)}: the memory is mapped here, and empty so far.`);
  const table = tableFromIPC<Flights>(new Uint8Array(claim.buffer, 0, byteLength));
  expectZeroCopy(table, claim);
  say('claimer', `apache-arrow has opened it. Its columns lie in the claimed memory itself: nothing was copied.`);
  const sum = sumOfDelays(table);
  expectSame('the number of flights', table.numRows, rowCount);
  expectSame('the sum of the delays', sum, expected.sumOfDelays);
  say('claimer', `The delays of all flights sum up to ${count(sum)} minutes, as they do at the source.`);
  tellWhatArrived(claim);
  const checksum = new Checksum().add(claim.view(0, byteLength)).toString();
  expectSame('the checksum of the table', checksum, expected.checksum);
  say('claimer', `To be sure I have now read all of it, too: the checksum ${checksum} is right.`);
  letter.reply({ sumOfDelays: sum, checksum });
}

/** Every buffer of every column is a view of the one ArrayBuffer of the claim. */
function expectZeroCopy(table: Table<Flights>, { buffer }: Claim): void {
  const parts = table.schema.names.flatMap((name) => table.getChild(name)?.data ?? []);
  if (parts.length === 0 || !parts.every(({ values }) => values.buffer === buffer)) {
    throw new Failure('apache-arrow has copied a column.');
  }
}

function tellWhatArrived(claim: Claim): void {
  const { residentPages, pageCount } = claim.residency();
  const share = ((100 * residentPages) / pageCount).toFixed(0);
  say('claimer', `For that, ${count(residentPages)} of its ${count(pageCount)} pages have arrived (${share} %).`);
  if (claim.paging === 'userfault') {
    say('claimer', `They came in ${count(claim.stats().faults)} page faults, which vmoffer's own thread answered.`);
  } else {
    say(
      'claimer',
      `The kernel brought them: this process may not answer page faults ('npx vmoffer doctor' tells why).`,
    );
  }
}

await runProgram(main);

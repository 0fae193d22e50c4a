/** Part 3, the claimer: takes memory from the source, and shows which process has it before and after. */
import Table from 'cli-table3';
import type { Claim, IncomingOffer } from 'vmoffer';
import { Checksum } from './checksum.js';
import { expectSame, Failure, runProgram } from './failure.js';
import type { HandOffAnswer, HandOffSaid } from './hand-off-source.js';
import { memoryUse, type MemoryUse } from './memory-use.js';
import { megabytes, milliseconds, say, startBar } from './say.js';
import { takeOver } from './take-over.js';
import { windowsOf } from './windows.js';

const WINDOW_BYTES = 1 << 22;
/** Other allocations of a process may take this share. A copy would take as much as the buffer. */
const TOLERATED_SHARE = 1 / 10;
const TOLERATED_BYTES = 32e6;

async function main(): Promise<void> {
  const { memory, letter } = await takeOver<HandOffSaid, HandOffAnswer>();
  const { byteLength, checksum } = letter.said;
  say('claimer', `Process ${memory.srcPid} offers me ${megabytes(byteLength)}, and gives up all its rights to it.`);
  const before = memoryUse(memory.srcPid);
  using claim = await claimAndTell(memory);
  const found = readAll(claim, byteLength);
  const after = memoryUse(memory.srcPid);
  expectSame('the checksum', found, checksum);
  say('claimer', `I have read every byte of it: the checksum ${found} is right. Who has how much memory now?`);
  console.log(`\n${compare(before, after)}\n`);
  expectMoved(before, after, byteLength);
  letter.reply({ checksum: found });
}

async function claimAndTell(memory: IncomingOffer): Promise<Claim> {
  const start = performance.now();
  const claim = await memory.claim();
  const ms = milliseconds(performance.now() - start);
  say('claimer', `Claimed in ${ms}, which it takes to unmap it all there. I am its only owner from here on.`);
  return claim;
}

function readAll(claim: Claim, byteLength: number): string {
  const bar = startBar('reading the claimed memory', byteLength);
  const checksum = new Checksum();
  for (const window of windowsOf(claim, byteLength, WINDOW_BYTES)) {
    checksum.add(window);
    bar.update(checksum.byteLength);
  }
  bar.stop();
  expectSame('the number of bytes', checksum.byteLength, byteLength);
  return checksum.toString();
}

function compare(before: MemoryUse, after: MemoryUse): string {
  const table = new Table({
    head: ['', 'before the claim', 'after it', 'change'],
    colAligns: ['left', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  const row = (what: string, first: number, second: number) =>
    table.push([what, megabytes(first), megabytes(second), change(second - first)]);
  row('mapped by the source', before.source, after.source);
  row('mapped by the claimer', before.claimer, after.claimer);
  row('in use by the two of them', before.both, after.both);
  row("in use by all the machine's processes", before.machine, after.machine);
  return table.toString();
}

function change(byteLength: number): string {
  return `${byteLength < 0 ? '-' : '+'}${megabytes(Math.abs(byteLength))}`;
}

function expectMoved(before: MemoryUse, after: MemoryUse, byteLength: number): void {
  const tolerance = Math.max(byteLength * TOLERATED_SHARE, TOLERATED_BYTES);
  expectChange('what the source maps', after.source - before.source, -byteLength, tolerance);
  expectChange('what the claimer maps', after.claimer - before.claimer, byteLength, tolerance);
  expectChange('what the two have in use', after.both - before.both, 0, tolerance);
  say('claimer', `It has changed hands, and there was no second copy (within ${megabytes(tolerance)}).`);
  if (Math.abs(after.machine - before.machine) > tolerance) {
    say('claimer', 'Other programs were at work meanwhile: the last line of the table tells of them, too.');
  }
}

function expectChange(what: string, found: number, expected: number, tolerance: number): void {
  if (Math.abs(found - expected) <= tolerance) return;
  const limits = `${change(expected)}, give or take ${megabytes(tolerance)}`;
  throw new Failure(`${what} has changed by ${change(found)} instead of ${limits}.`);
}

await runProgram(main);

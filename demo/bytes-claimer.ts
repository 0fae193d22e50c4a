/** Part 2, the claimer: reads every byte of a claim, and every byte of the same memory from a UNIX socket. */
import Table from 'cli-table3';
import type { Claim, IncomingOffer } from 'vmoffer';
import type { BytesAnswer, BytesSaid } from './bytes-source.js';
import { Checksum } from './checksum.js';
import { expectSame, runProgram } from './failure.js';
import { bytesPerSecond, count, countOf, megabytes, milliseconds, say, startBar } from './say.js';
import { takeOver } from './take-over.js';
import { receive } from './unix-socket.js';
import { windowsOf } from './windows.js';

const WINDOW_BYTES = 1 << 22;

/** Milliseconds from the start. */
interface Timing {
  checksum: string;
  firstByteMs: number;
  lastByteMs: number;
}

interface ClaimTiming extends Timing {
  claimedMs: number;
}

async function main(): Promise<void> {
  const { memory, letter } = await takeOver<BytesSaid, BytesAnswer>();
  const { byteLength, checksum, socketPath } = letter.said;
  say(
    'claimer',
    `Process ${memory.srcPid} offers me ${megabytes(byteLength)}, to read. I claim it and read all of it.`,
  );
  const [byClaim, faults] = await readClaim(memory, byteLength);
  expectSame('the checksum', byClaim.checksum, checksum);
  say('claimer', `The checksum is ${byClaim.checksum}, as at the source. Now the same through a UNIX socket.`);
  const bySocket = await readSocket(socketPath, byteLength);
  expectSame('the checksum of what the socket carried', bySocket.checksum, checksum);
  letter.reply({ checksum: byClaim.checksum, socketChecksum: bySocket.checksum });
  console.log(`\n${compare(byteLength, byClaim, bySocket, faults)}\n`);
  const [early, late] = [milliseconds(byClaim.claimedMs), milliseconds(bySocket.lastByteMs)];
  say('claimer', `Once claimed, after ${early}, any byte could be read; from the socket, the last one after ${late}.`);
}

async function readClaim(memory: IncomingOffer, byteLength: number): Promise<[ClaimTiming, string]> {
  const bar = startBar('reading the claimed memory', byteLength);
  const checksum = new Checksum();
  const start = performance.now();
  using claim = await memory.claim();
  const claimedMs = performance.now() - start;
  checksum.add(claim.view(0, 1));
  const firstByteMs = performance.now() - start;
  for (const window of windowsOf(claim, byteLength, WINDOW_BYTES)) {
    checksum.add(checksum.byteLength === 1 ? window.subarray(1) : window);
    bar.update(checksum.byteLength);
  }
  const lastByteMs = performance.now() - start;
  bar.stop();
  expectSame('the number of bytes', checksum.byteLength, byteLength);
  return [{ checksum: checksum.toString(), claimedMs, firstByteMs, lastByteMs }, faultsOf(claim)];
}

function faultsOf(claim: Claim): string {
  const pages = `for ${countOf(claim.residency().pageCount, 'page')}`;
  return claim.paging === 'userfault' ? `${count(claim.stats().faults)} ${pages}` : `the kernel's, uncounted, ${pages}`;
}

async function readSocket(path: string, byteLength: number): Promise<Timing> {
  const bar = startBar('reading the socket', byteLength);
  const checksum = new Checksum();
  const start = performance.now();
  let firstByteMs = 0;
  await receive(path, (chunk) => {
    firstByteMs ||= performance.now() - start;
    checksum.add(chunk);
    bar.update(checksum.byteLength);
  });
  const lastByteMs = performance.now() - start;
  bar.stop();
  expectSame('the number of bytes from the socket', checksum.byteLength, byteLength);
  return { checksum: checksum.toString(), firstByteMs, lastByteMs };
}

function compare(byteLength: number, claim: ClaimTiming, socket: Timing, faults: string): string {
  const table = new Table({ head: ['', 'claim', 'UNIX socket'], style: { head: [], border: [], compact: true } });
  table.push(
    ['claimed after', milliseconds(claim.claimedMs), ''],
    ['first byte after', milliseconds(claim.firstByteMs), milliseconds(socket.firstByteMs)],
    ['every byte checked after', milliseconds(claim.lastByteMs), milliseconds(socket.lastByteMs)],
    ['bytes checked a second', ...[claim, socket].map(({ lastByteMs }) => bytesPerSecond(byteLength, lastByteMs))],
    ['page faults', faults, ''],
  );
  return table.toString();
}

await runProgram(main);

/** DESIGN: claim and first byte, and the first pass over claimed memory beside the kernel's own demand paging. */
import { Buffer } from 'node:buffer';
import { VMO_GRANT_R, VMO_GRANT_W, vmClaim, vmClaimSync, type Claim, type ClaimOptions } from 'vmoffer';
import { receive, socketPath } from '../demo/unix-socket.js';
import type { Bench, Findings } from './bench.js';
import type { Comparison } from './comparison.js';
import type { Effort } from './effort.js';
import { median } from './statistics.js';
import { GIB, MIB } from './units.js';
import { measureInRounds, timed, type Measurement } from './rounds.js';
import { FILLING, SourceProcess } from './source-process.js';

const ROUNDS = 7;
const CLAIMS_A_ROUND = 15;
/** A byte that the memory does not hold: looking for it reads all of it. */
const ABSENT = 0xff;
const PAGINGS = ['userfault', 'kernel'] as const;

const comparisons: Comparison[] = [
  {
    what: 'claim and first byte: 1 GiB against 1 MiB',
    ours: 'claim 1 GiB',
    peer: 'claim 1 MiB',
    slowerBy: 1.5,
  },
  {
    what: 'claim and first byte of 1 GiB, against sending it through a UNIX socket',
    ours: 'claim 1 GiB',
    peer: 'socket 1 GiB',
    fasterBy: 1000,
  },
  {
    what: 'the same with vmClaimSync',
    ours: 'claim sync 1 GiB',
    peer: 'socket 1 GiB',
    fasterBy: 1000,
  },
  {
    what: 'first read of 1 GiB, against plain mmap',
    ours: 'first read, userfault',
    peer: 'first read, kernel',
    fasterBy: 1.15,
  },
  {
    what: 'first read of 1 GiB, against reading resident pages',
    ours: 'first read, userfault',
    peer: 'second read, userfault',
    fasterBy: 0.9,
  },
  {
    what: 'first write of 1 GiB, against plain mmap',
    ours: 'first write, userfault',
    peer: 'first write, kernel',
    fasterBy: 2.5,
  },
  {
    what: 'first write of 1 GiB, against writing resident pages',
    ours: 'first write, userfault',
    peer: 'second write, userfault',
  },
];

export const claimBench: Bench = {
  name: 'claim',
  what: 'claim and first byte; first pass over 1 GiB, beside a UNIX socket and plain mmap',
  async run(effort: Effort): Promise<Findings> {
    const path = socketPath('bench');
    const source = new SourceProcess();
    const large = effort.pick(GIB, 2 * MIB);
    const rounds = effort.rounds(ROUNDS);
    try {
      await source.serve(large, path);
      const samples = await measureInRounds(measurements(source, path, large), rounds);
      return { samples, comparisons, notes: notes(rounds) };
    } finally {
      await source.stop();
    }
  },
};

function notes(rounds: number): string[] {
  return [
    `medians of ${rounds} rounds, every measurement once a round; one more round before them does not count`,
    `a round's claim figure is the median of ${CLAIMS_A_ROUND} claims, of which each size has its turn`,
    'the memory was touched by its source beforehand; a mapped claim needs no destination, so none of it is fresh',
    'the socket delivers into one buffer of 1 MiB that is used again and again: nobody puts the bytes together',
  ];
}

function measurements(source: SourceProcess, path: string, large: number): Measurement[] {
  return [
    () => claimAndTouchOften(source, large),
    () => receiveAll(path, large),
    ...PAGINGS.map((paging) => () => readTwice(source, large, paging)),
    ...PAGINGS.map((paging) => () => writeTwice(source, large, paging)),
  ];
}

/** Claims are short: many of each size in a row, in turn, so that a wake-up that takes long does not decide. */
async function claimAndTouchOften(source: SourceProcess, large: number): Promise<Record<string, number>> {
  const found: Record<string, number[]> = { 'claim 1 MiB': [], 'claim 1 GiB': [], 'claim sync 1 GiB': [] };
  for (let turn = 0; turn < CLAIMS_A_ROUND; turn++) {
    found['claim 1 MiB']?.push(await claimAndTouch(source, MIB, vmClaim));
    found['claim 1 GiB']?.push(await claimAndTouch(source, large, vmClaim));
    found['claim sync 1 GiB']?.push(await claimAndTouch(source, large, vmClaimSync));
  }
  return Object.fromEntries(Object.entries(found).map(([name, values]) => [name, median(values)]));
}

async function claimAndTouch(
  source: SourceProcess,
  byteLength: number,
  take: typeof vmClaim | typeof vmClaimSync,
): Promise<number> {
  const address = await source.offer(byteLength, VMO_GRANT_R);
  const start = performance.now();
  using claim = await take(source.pid, address);
  const [first] = claim.view();
  const ms = performance.now() - start;
  if (first !== FILLING) throw new Error(`the first byte is ${first}, not the ${FILLING} that the source wrote`);
  return ms;
}

async function receiveAll(path: string, expected: number): Promise<Record<string, number>> {
  let byteLength = 0;
  const start = performance.now();
  await receive(path, (chunk) => (byteLength += chunk.length));
  const ms = performance.now() - start;
  if (byteLength !== expected) throw new Error(`the socket delivered ${byteLength} bytes instead of ${expected}`);
  return { 'socket 1 GiB': ms };
}

async function readTwice(
  source: SourceProcess,
  byteLength: number,
  paging: (typeof PAGINGS)[number],
): Promise<Record<string, number>> {
  using claim = await claimAs(source, byteLength, VMO_GRANT_R, { paging });
  const bytes = Buffer.from(claim.buffer);
  const read = () => {
    if (bytes.indexOf(ABSENT) !== -1) throw new Error('the memory holds a byte that nobody wrote');
  };
  return { [`first read, ${paging}`]: timed(read), [`second read, ${paging}`]: timed(read) };
}

async function writeTwice(
  source: SourceProcess,
  byteLength: number,
  paging: (typeof PAGINGS)[number],
): Promise<Record<string, number>> {
  using claim = await claimAs(source, byteLength, VMO_GRANT_R | VMO_GRANT_W, { paging });
  const bytes = Buffer.from(claim.buffer);
  const write = () => bytes.fill(FILLING);
  return { [`first write, ${paging}`]: timed(write), [`second write, ${paging}`]: timed(write) };
}

async function claimAs(
  source: SourceProcess,
  byteLength: number,
  flags: number,
  options: ClaimOptions,
): Promise<Claim> {
  return vmClaim(source.pid, await source.offer(byteLength, flags), options);
}

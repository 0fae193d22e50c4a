/** Memory at the peak of a hand-off, and pulling beside the least that the kernel needs for it. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { VMO_DISOWN, VMO_GRANT_R, VMO_GRANT_W, vmClaim, type Claim, type TransferKind } from 'vmoffer';
import { windowsOf } from '../demo/windows.js';
import type { Bench, Findings } from './bench.js';
import type { Comparison, Samples } from './comparison.js';
import type { Effort } from './effort.js';
import { hasUserfault } from './environment.js';
import { peakAboveBefore } from './memory-peak.js';
import { buildUffdCopy, canUffdCopy, runUffdCopy, warmUpMemory, type CopyMode } from './peers/uffd-copy.js';
import { measureInRounds, type Measurement } from './rounds.js';
import { FILLING, SourceProcess } from './source-process.js';

const MIB = 1 << 20;
const GIB = 1 << 30;
const ROUNDS = 5;
/** The memory that is taken is the same each time, so it needs no warm-up and few rounds. */
const MEMORY_ROUNDS = 2;
/** As the library prefetches. */
const WINDOW_BYTES = 2 * MIB;
/** How much memory to warm up, as a multiple of what is pulled. */
const WARM_SHARE = 1.125;
const HAND_OFF = VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN;
const TRANSFERS = ['map', 'pull'] as const satisfies readonly TransferKind[];

/** 4 GiB if there is room for a second copy: if a bug makes one, the machine must not run out of memory. */
const HANDED_OFF_BYTES = process.availableMemory() > 10 * GIB ? 4 * GIB : GIB / 2;

const memoryComparisons = TRANSFERS.map((transfer): Comparison => {
  const what = `both processes and the object at the peak of a hand-off by ${transfer}, against the buffer`;
  return { what, ours: `peak, ${transfer}`, peer: 'the buffer', slowerBy: 1.02, unit: 'bytes' };
});

function pullComparisons(hasMove: boolean): Comparison[] {
  const comparisons: Comparison[] = [
    { what: 'pull of 1 GiB, against bare UFFDIO_COPY', ours: 'pull', peer: 'bare COPY', fasterBy: 1.5 },
    { what: 'pull of 1 GiB disowned, against bare COPY and punch', ours: 'pull disowned', peer: 'bare COPY and punch' },
  ];
  const moves: Comparison[] = [
    { what: 'pull of 1 GiB, against bare UFFDIO_MOVE of huge pages', ours: 'pull', peer: 'bare MOVE' },
    { what: 'bare UFFDIO_MOVE of huge pages, against bare COPY', ours: 'bare MOVE', peer: 'bare COPY' },
  ];
  return hasMove ? [...comparisons, ...moves] : comparisons;
}

export const handOffBench: Bench = {
  name: 'handoff',
  what: 'memory at the peak of a hand-off; pulling, beside bare UFFDIO_COPY and UFFDIO_MOVE',
  async run(effort: Effort): Promise<Findings> {
    buildUffdCopy();
    const mayPull = hasUserfault() && canUffdCopy('copy', WINDOW_BYTES);
    const hasMove = mayPull && canUffdCopy('move', WINDOW_BYTES);
    const pulled = effort.pick(GIB, 4 * MIB);
    const handedOff = effort.pick(HANDED_OFF_BYTES, 4 * MIB);
    const rounds = effort.rounds(ROUNDS);
    const measurePulls = (source: SourceProcess) => measureInRounds(pullMeasurements(source, pulled, hasMove), rounds);
    const samples: Samples = mayPull ? await withSource(measurePulls) : new Map();
    const sizes = await withSource((source) => measurePeaks(source, handedOff, Math.min(rounds, MEMORY_ROUNDS)));
    const comparisons = [...memoryComparisons, ...(mayPull ? pullComparisons(hasMove) : [])];
    return { samples, sizes, comparisons, notes: notes(rounds, hasMove) };
  },
};

function notes(rounds: number, hasMove: boolean): string[] {
  return [
    `medians of ${rounds} rounds (memory: at most ${MEMORY_ROUNDS}); one more round before them does not count, but for memory`,
    'memory: RssAnon of both processes above what it was before, and the blocks of every object that either holds, each 2 ms',
    'pulling: prefetch() of a whole claim into fresh memory; the peer, in C, has its source mapped and filled beforehand',
    `windows of ${WINDOW_BYTES / MIB} MiB; as much memory as will be pulled is touched and freed right before each measurement`,
    ...(hasMove ? [] : ['UFFDIO_MOVE was not measured: this kernel, or this process, does not have it (Linux 6.8)']),
  ];
}

async function withSource(measure: (source: SourceProcess) => Promise<Samples>): Promise<Samples> {
  const source = new SourceProcess();
  try {
    return await measure(source);
  } finally {
    await source.stop();
  }
}

function pullMeasurements(source: SourceProcess, byteLength: number, hasMove: boolean): Measurement[] {
  const measurements: Measurement[] = [
    () => pullAll(source, byteLength, 'pull', VMO_GRANT_R),
    () => copyAll('bare COPY', 'copy', byteLength),
    () => pullAll(source, byteLength, 'pull disowned', HAND_OFF),
    () => copyAll('bare COPY and punch', 'copy-punch', byteLength),
  ];
  return hasMove ? [...measurements, () => copyAll('bare MOVE', 'move', byteLength)] : measurements;
}

async function pullAll(
  source: SourceProcess,
  byteLength: number,
  name: string,
  flags: number,
): Promise<Record<string, number>> {
  const address = await source.offer(byteLength, flags);
  warmUpMemory(WARM_SHARE * byteLength);
  using claim = await vmClaim(source.pid, address, { transfer: 'pull', paging: 'userfault' });
  const start = performance.now();
  await claim.prefetch();
  const ms = performance.now() - start;
  await expectFilled(claim, byteLength);
  return { [name]: ms };
}

// eslint-disable-next-line @typescript-eslint/require-await -- a measurement is asynchronous
async function copyAll(name: string, mode: CopyMode, byteLength: number): Promise<Record<string, number>> {
  return { [name]: runUffdCopy(mode, byteLength, WINDOW_BYTES) };
}

function measurePeaks(source: SourceProcess, byteLength: number, rounds: number): Promise<Samples> {
  const measurements = TRANSFERS.map(
    (transfer): Measurement =>
      () =>
        peakOf(source, byteLength, transfer),
  );
  return measureInRounds([...measurements, () => Promise.resolve({ 'the buffer': byteLength })], rounds, {
    warmUp: false,
  });
}

async function peakOf(
  source: SourceProcess,
  byteLength: number,
  transfer: TransferKind,
): Promise<Record<string, number>> {
  const address = await source.offer(byteLength, HAND_OFF);
  const above = await peakAboveBefore([source.pid, process.pid], async () => {
    using claim = await vmClaim(source.pid, address, { transfer });
    await claim.prefetch();
    await expectFilled(claim, byteLength);
  });
  return { [`peak, ${transfer}`]: byteLength + above };
}

/** Reads every byte, and lets the event loop turn in between. */
async function expectFilled(claim: Claim, byteLength: number): Promise<void> {
  const expected = Buffer.alloc(4 * MIB, FILLING);
  for (const window of windowsOf(claim, byteLength, expected.length)) {
    if (expected.compare(window) !== 0) throw new Error('the memory is not what the source wrote');
    await nextTurn();
  }
}

/** What one fault costs: touches of single pages in random order, beside handlers of the usual kind and the kernel. */
import { VMO_GRANT_R, vmClaim } from 'vmoffer';
import type { Bench, Findings } from './bench.js';
import { withMeasuredPeer, type Comparison, type Samples } from './comparison.js';
import type { Effort } from './effort.js';
import { hasUserfault } from './environment.js';
import { Peer } from './peers/peer.js';
import { loadReader } from './peers/reader.js';
import { placesIn } from './places.js';
import type { Plot } from './plot.js';
import { dotPlot } from './plots.js';
import { measuredOf, measureInRounds, type Measurement } from './rounds.js';
import { SourceProcess } from './source-process.js';
import { quantile } from './statistics.js';
import { GIB, MIB } from './units.js';

const ROUNDS = 7;
const TOUCHES = 2000;
/** The kernel, and perhaps a pager, installs 16 pages around a touch. Touches lie further apart than that. */
const STRIDE_BYTES = 64 * 4096;

/** The placements that the peer takes: see bench/peers/fault.c. */
const PLACEMENTS = ['scheduler', 'apart', 'same', 'spinning', 'kernel', 'resident'] as const;

const comparisons: Comparison[] = [
  {
    what: 'one fault, p50, against a handler that polls, reads and installs one page, pinned to the same core',
    ours: 'ours p50',
    peer: 'same p50',
    slowerBy: 1.1,
  },
  { what: '… against that handler where the scheduler puts it', ours: 'ours p50', peer: 'scheduler p50' },
  { what: '… against that handler pinned to another core', ours: 'ours p50', peer: 'apart p50' },
  { what: '… against that handler spinning on another core', ours: 'ours p50', peer: 'spinning p50' },
  { what: '… against the kernel, with plain mmap', ours: 'ours p50', peer: 'kernel p50' },
  { what: 'one fault, p99, against the handler where the scheduler puts it', ours: 'ours p99', peer: 'scheduler p99' },
];

export const faultBench: Bench = {
  name: 'fault',
  what: 'one touch of an absent page, beside handlers of the usual kind and the kernel',
  async run(effort: Effort): Promise<Findings> {
    const rounds = effort.rounds(ROUNDS);
    const touches = effort.pick(TOUCHES, 20);
    const byteLength = effort.pick(GIB, 8 * MIB);
    await using source = new SourceProcess();
    await using peer = new Peer('fault', [String(byteLength)]);
    const measured = await measureInRounds(
      [
        () => touchClaim(source, byteLength, touches),
        ...PLACEMENTS.map(
          (placement): Measurement =>
            () =>
              askPeer(peer, placement, touches),
        ),
      ],
      rounds,
    );
    const samples = measuredOf(measured);
    return {
      samples,
      comparisons: withMeasuredPeer(comparisons, samples),
      notes: notes(rounds, touches),
      plots: [plotOf(samples)],
    };
  },
};

function plotOf(samples: Samples): Plot {
  const shown = new Map([...samples].filter(([name]) => !name.endsWith('p90')));
  return dotPlot('fault', 'One touch of an absent page, as the thread that touches it sees it', shown, 'ms');
}

function notes(rounds: number, touches: number): string[] {
  return [
    `medians over ${rounds} rounds of the percentiles of ${touches} touches each, in random order, ${STRIDE_BYTES >> 10} KiB or more apart`,
    'a touch is timed in C, the same code here and in the peer, between two readings of the clock: see resident',
    'ours is left to the scheduler but for the pager, which follows the faulting thread where it may',
    "pager is the library's own count: from its reading of a fault to the pages being installed",
  ];
}

async function touchClaim(source: SourceProcess, byteLength: number, touches: number): Promise<Record<string, number>> {
  // Asks for `userfault` by name if it is available: 'auto' would leave touches that are far apart to the kernel.
  const paging = hasUserfault() ? 'userfault' : 'auto';
  using claim = await vmClaim(source.pid, await source.offer(byteLength, VMO_GRANT_R), { paging });
  const places = placesIn(byteLength, STRIDE_BYTES, touches, 'random');
  const took = [...loadReader().timeTouches(claim.view(), places)];
  const [p50, p90, p99] = [0.5, 0.9, 0.99].map((share) => quantile(took, share));
  return { ...percentiles('ours', [p50, p90, p99]), 'pager p50': claim.stats().faultLatency.p50 / 1e3 || NaN };
}

async function askPeer(peer: Peer, placement: string, touches: number): Promise<Record<string, number>> {
  return percentiles(placement, await peer.ask(placement, touches, STRIDE_BYTES));
}

function percentiles(name: string, [p50 = NaN, p90 = NaN, p99 = NaN]: readonly (number | undefined)[]) {
  return { [`${name} p50`]: p50 / 1e6, [`${name} p90`]: p90 / 1e6, [`${name} p99`]: p99 / 1e6 };
}

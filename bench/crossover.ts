/** The question of 2009: from what size on is it cheaper to map memory than to copy it? */
import type { Bench, Findings } from './bench.js';
import type { Comparison } from './comparison.js';
import type { Effort } from './effort.js';
import { Peer } from './peers/peer.js';
import type { Plot } from './plot.js';
import { crossingPlot } from './plots.js';
import { measureInRounds, type Measurement } from './rounds.js';
import { median } from './statistics.js';
import { sizeSteps, Sweep, sweepName } from './sweep.js';
import { formatValue, KIB, MIB } from './units.js';

const ROUNDS = 9;
/** How many bytes are moved for one value. Small sizes are moved many times. */
const BYTES_A_VALUE = 32 * MIB;
const MOST_TIMES = 2000;

const WAYS = {
  map: 'mmap and touch',
  populate: 'mmap populated and touch',
  copy: 'copy into a buffer that is there',
  'copy-fresh': 'copy into fresh memory',
} as const;
type Way = keyof typeof WAYS;

const CROSSINGS: readonly (readonly [from: Way, to: Way])[] = [
  ['copy', 'populate'],
  ['copy', 'map'],
  ['copy-fresh', 'populate'],
];

export const crossoverBench: Bench = {
  name: 'crossover',
  what: 'from which size on mapping is cheaper than copying, in one process',
  async run(effort: Effort): Promise<Findings> {
    const sizes = sizeSteps(4 * KIB, effort.pick(64 * MIB, 16 * KIB), 2);
    const rounds = effort.rounds(ROUNDS);
    await using peer = new Peer('crossover', [String(sizes.at(-1))]);
    const ways = Object.keys(WAYS) as Way[];
    const measurements = sizes.flatMap((byteLength) => ways.map((way) => measurementOf(peer, way, byteLength)));
    const samples = await measureInRounds(measurements, rounds);
    const sweep = new Sweep(samples, sizes);
    const crossings = new Map(
      CROSSINGS.map(([from, to]) => [nameOf(from, to), sweep.crossings(WAYS[from], WAYS[to])] as const),
    );
    return {
      samples,
      sizes: crossings,
      comparisons: CROSSINGS.map(([from, to]) => rowOf(from, to)),
      notes: notes(rounds),
      plots: [plotOf(sweep, crossings)],
    };
  },
};

function notes(rounds: number): string[] {
  return [
    `medians of ${rounds} rounds, every way and size once a round; one more round before them does not count`,
    `one value is the mean of as many times as move ${BYTES_A_VALUE / MIB} MiB, at most ${MOST_TIMES} and at least 3`,
    'one process, no messages, no waiting: what the memory costs, and nothing else. Unmapping is part of it',
    'the same source again and again: of what fits, the caches have a copy. That is good for copying',
    'a crossing is read between two sizes on logarithmic scales; its spread is that of the rounds',
  ];
}

function measurementOf(peer: Peer, way: Way, byteLength: number): Measurement {
  const times = Math.max(3, Math.min(MOST_TIMES, Math.floor(BYTES_A_VALUE / byteLength)));
  return async () => {
    const [nanoseconds = NaN] = await peer.ask(way, byteLength, times);
    return { [sweepName(WAYS[way], byteLength)]: nanoseconds / 1e6 };
  };
}

function nameOf(from: Way, to: Way): string {
  return `from ${WAYS[from]} to ${WAYS[to]}`;
}

function rowOf(from: Way, to: Way): Comparison {
  return { what: `cheaper to ${WAYS[to]} than to ${WAYS[from]}, from`, ours: nameOf(from, to), unit: 'bytes' };
}

function plotOf(sweep: Sweep, crossings: ReadonlyMap<string, number[]>): Plot {
  const named = [...crossings].map(([name, found]) => {
    const x = median(found);
    return { x, label: `${formatValue(x, 'bytes')}: ${name}` };
  });
  const title = 'Copy or map: what it costs to get at so many bytes';
  const points = Object.values(WAYS).flatMap((way) => sweep.points(way));
  return crossingPlot(
    'crossover',
    title,
    sweep.axis,
    points,
    named.filter(({ x }) => Number.isFinite(x)),
  );
}

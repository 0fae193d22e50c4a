/** Delivers bytes from one process to another, and times the first byte and the sum of all bytes, by size. */
import type { Bench, Findings } from './bench.js';
import type { Comparison } from './comparison.js';
import { C_WAYS, cWays, WHOLE_WAYS } from './delivery/c-ways.js';
import { MOST_BY_MESSAGE, NODE_WAYS, nodeWays } from './delivery/node-ways.js';
import { HUGE_WAY, hugeWay, OWN_WAYS, ownWays } from './delivery/own-ways.js';
import type { Way } from './delivery/way.js';
import type { Effort } from './effort.js';
import { SocketReceiver, socketPath } from './node-socket.js';
import { Peer } from './peers/peer.js';
import type { Plot } from './plot.js';
import { crossingPlot, linePlot } from './plots.js';
import { measureInRounds, repeated, type Measurement } from './rounds.js';
import { SourceProcess } from './source-process.js';
import { median } from './statistics.js';
import { sizeSteps, Sweep, sweepName } from './sweep.js';
import { formatValue, GIB, KIB, MIB } from './units.js';

const ROUNDS = 5;
/** The largest size. It needs room at the source, at the peer and at the receiver. */
const MOST_BYTES = process.availableMemory() > 16 * GIB ? 4 * GIB : GIB;

export const deliveryBench: Bench = {
  name: 'delivery',
  what: 'bytes from one process to another, by size: until the first is there, until all are summed up',
  async run(effort: Effort): Promise<Findings> {
    const sizes = sizeSteps(4 * KIB, effort.pick(MOST_BYTES, 16 * KIB), 4);
    const whole = effort.pick(GIB, 16 * KIB);
    const rounds = effort.rounds(ROUNDS);
    const samples = new Map<string, readonly number[]>();
    for (const byteLength of sizes) {
      const found = await measureSize(byteLength, rounds, byteLength === whole);
      for (const [name, values] of found) samples.set(name, values);
    }
    const sweep = new Sweep(samples, sizes);
    const crossings = new Map(
      CROSSED.map((way) => [crossingName(way), sweep.crossings(last(way), last(OWN_WAYS.map))]),
    );
    return {
      samples,
      sizes: crossings,
      comparisons: [...comparisons(whole), ...CROSSED.map(crossingRow)],
      notes: notes(rounds),
      plots: plotsOf(sweep, crossings),
    };
  },
};

/** Starts its own processes, so that they take no more memory than this size needs. */
async function measureSize(byteLength: number, rounds: number, isWhole: boolean) {
  await using source = new SourceProcess();
  await using peer = new Peer('delivery', [String(byteLength)]);
  await source.serve(byteLength, socketPath());
  using receiver = await SocketReceiver.open(socketPath());
  const ways = [
    ...ownWays(source),
    ...nodeWays(source, receiver),
    ...cWays(peer),
    ...(isWhole ? [...cWays(peer, WHOLE_WAYS), hugeWay(source)] : []),
  ].filter(({ mostBytes = Infinity }) => byteLength <= mostBytes);
  const measurements = ways.map((way) => measurementOf(way, byteLength));
  return await measureInRounds(measurements, rounds, {
    label: formatValue(byteLength, 'bytes').padStart(7),
    warmUp: byteLength <= GIB,
  });
}

function measurementOf(way: Way, byteLength: number): Measurement {
  return () =>
    repeated(timesARound(byteLength), async () => {
      const arrival = await way.deliver(byteLength);
      return {
        [sweepName(first(way.name), byteLength)]: arrival.first,
        [sweepName(last(way.name), byteLength)]: arrival.last,
      };
    });
}

/** A short delivery depends on one wake-up, so it is done several times. */
function timesARound(byteLength: number): number {
  if (byteLength <= MIB) return 15;
  return byteLength <= 64 * MIB ? 3 : 1;
}

function first(way: string): string {
  return `${way}, first byte`;
}

function last(way: string): string {
  return `${way}, last byte`;
}

/** The peers for which the table says from what size on the library is faster. */
const CROSSED = [NODE_WAYS.socket, NODE_WAYS.message, C_WAYS.socket, C_WAYS.pipe, C_WAYS.process_vm_readv];

function crossingName(way: string): string {
  return `vmoffer by map overtakes ${way}`;
}

function crossingRow(way: string): Comparison {
  return { what: `claimed and summed up sooner than by ${way}, from`, ours: crossingName(way), unit: 'bytes' };
}

function comparisons(byteLength: number): Comparison[] {
  const ours = sweepName(last(OWN_WAYS.map), byteLength);
  const against = (what: string, way: string): Comparison => ({ what, ours, peer: sweepName(last(way), byteLength) });
  return [
    {
      ...against(
        'whole 1 GiB delivered and summed up, against a C program over a UNIX socket, into fresh memory',
        WHOLE_WAYS['socket-fresh'],
      ),
      fasterBy: 10,
    },
    against('… into memory that it keeps for that', WHOLE_WAYS['socket-kept']),
    against('… into one chunk of 1 MiB, again and again', C_WAYS.socket),
    against('… against process_vm_readv into one chunk', C_WAYS.process_vm_readv),
    against('… against a file in /dev/shm', C_WAYS.file),
    against('… against plain mmap of a passed memfd, in C', C_WAYS.memfd),
    against("… against Node's UNIX socket", NODE_WAYS.socket),
    {
      what: 'the same of memory in huge pages, against ordinary ones',
      ours: sweepName(last(HUGE_WAY), byteLength),
      peer: ours,
    },
  ];
}

function notes(rounds: number): string[] {
  return [
    `medians of ${rounds} rounds, every way once a round; one more round before them does not count (above 1 GiB: none)`,
    'small sizes are delivered 15 or 3 times a round, which then counts with the median',
    'timed from asking to one byte being read, and to all 64-bit words having been summed up, by the same C code everywhere',
    'everything is open already: sockets and pipes are connected, the offer stands. A descriptor is passed, a file written, when asked for',
    'what copies, copies into one chunk of 1 MiB again and again, warm in the cache, and has no bytes left at the end',
    'into fresh memory: mapped for it, each time; what is kept was touched the time before. The source of each is resident',
    `child_process is left out above ${formatValue(MOST_BY_MESSAGE, 'bytes')}: serialized, piped and put together it takes seconds and copies of everything`,
  ];
}

const ALL_WAYS = [...Object.values(OWN_WAYS), ...Object.values(NODE_WAYS), ...Object.values(C_WAYS)];

function plotsOf(sweep: Sweep, crossings: ReadonlyMap<string, number[]>): Plot[] {
  const overtaking = [NODE_WAYS.socket, C_WAYS.socket].map((way) => {
    const x = median(crossings.get(crossingName(way)) ?? []);
    return { x, label: `${formatValue(x, 'bytes')}: ${crossingName(way)}` };
  });
  return [
    linePlot(
      'delivery-first-byte',
      'From asking to the first byte',
      sweep.axis,
      ALL_WAYS.flatMap((way) => sweep.points(first(way), way)),
    ),
    crossingPlot(
      'delivery-last-byte',
      'From asking to the sum of all bytes',
      sweep.axis,
      ALL_WAYS.flatMap((way) => sweep.points(last(way), way)),
      overtaking.filter(({ x }) => Number.isFinite(x)),
    ),
  ];
}

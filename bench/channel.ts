/** Messages over a Channel, beside every other way to carry messages between two processes of one machine. */
import type { Bench, Findings } from './bench.js';
import { askExchange, EXCHANGE } from './channel/c-peer.js';
import { comparisons } from './channel/comparisons.js';
import { CONTESTANTS, isPolling, ONE_OF_EACH, type Contestant } from './channel/contestants.js';
import { IDLE, IDLE_SWITCHES, measureIdle } from './channel/idle.js';
import { amidCrowd } from './channel/crowd.js';
import { measureRun } from './channel/measure-run.js';
import { measurePaced, PACED_WAYS } from './channel/paced.js';
import { channelPlots } from './channel/plots.js';
import { allowedCores, ANY_CORE, coresOf } from './channel/placement.js';
import { sentence } from './channel/sentence.js';
import type { NodeWayName } from './channel/ways.js';
import type { Samples } from './comparison.js';
import type { Effort } from './effort.js';
import { buildPeer } from './peers/build.js';
import { Peer } from './peers/peer.js';
import { measureInRounds, type Measurement } from './rounds.js';
import { median } from './statistics.js';

const ROUNDS = 5;
/** The smallest count that is a whole number of ticks and of batches. */
const QUICK_COUNT = 64;
const PACED_COUNT = 600;
const IDLE_MS = 1000;
const QUICK_IDLE_MS = 50;

export const channelBench: Bench = {
  name: 'channel',
  what: 'messages of 1000 and 4096 bytes over a Channel, one way and there and back, beside its peers',
  async run(effort: Effort): Promise<Findings> {
    const rounds = effort.rounds(ROUNDS);
    const pinProgram = buildPeer(EXCHANGE);
    await using peer = new Peer(EXCHANGE);
    const measurements = effort.pick(CONTESTANTS, ONE_OF_EACH).map((contestant): Measurement => {
      const count = effort.pick(contestant.count, QUICK_COUNT);
      return async () => ({ [contestant.name]: await measure(peer, pinProgram, { ...contestant, count }) });
    });
    const idleMs = effort.pick(IDLE_MS, QUICK_IDLE_MS);
    const pacedCount = effort.pick(PACED_COUNT, QUICK_COUNT);
    const paced = PACED_WAYS.map((way) => () => measurePacedApart(way, pacedCount, pinProgram));
    const found = await measureInRounds([...measurements, ...paced, () => measureIdleness(idleMs)], rounds);
    return findingsOf(found, rounds);
  },
};

/** Returns milliseconds for each message or round trip; NaN if there are not enough cores for it. */
async function measure(peer: Peer, pinProgram: string, contestant: Contestant): Promise<number> {
  const { way, placement, kind, byteLength, count, slots } = contestant;
  const allowed = allowedCores();
  const cores = coresOf(placement, allowed);
  if (cores === undefined || (allowed.length < 2 && isPolling(contestant))) return NaN;
  const run = { kind, byteLength, warmUp: count / 4, count, slots, cores };
  const take = async () =>
    'node' in way
      ? measureRun({ ...run, way: way.node, pinProgram })
      : (await askExchange(peer, { ...run, way: way.c })) / 1e6;
  return placement === 'crowded' ? amidCrowd(cores, pinProgram, take) : take();
}

function measurePacedApart(way: NodeWayName, count: number, pinProgram: string): Promise<Record<string, number>> {
  const cores = coresOf('apart', allowedCores()) ?? [ANY_CORE, ANY_CORE];
  return measurePaced(way, { count, cores, pinProgram });
}

async function measureIdleness(observedMs: number): Promise<Record<string, number>> {
  const { cpu, switches } = await measureIdle(observedMs);
  return { [IDLE]: cpu, [IDLE_SWITCHES]: switches };
}

function findingsOf(found: Samples, rounds: number): Findings {
  const measured = [...found].filter(([, values]) => values.length > 0);
  const oneWay = new Set(CONTESTANTS.filter(({ kind }) => kind === 'one-way').map(({ name }) => name));
  const rates = new Map(measured.filter(([name]) => oneWay.has(name)).map(([name, took]) => [name, took.map(rateOf)]));
  const samples = new Map(measured.filter(([name]) => !oneWay.has(name) && name !== IDLE_SWITCHES));
  const isMeasured = (name: string | undefined) => name === undefined || rates.has(name) || samples.has(name);
  return {
    samples,
    rates,
    comparisons: comparisons.filter(({ ours, peer }) => isMeasured(ours) && isMeasured(peer)),
    plots: channelPlots(rates, samples),
    notes: [...notes(rounds), idleNote(found), sentence(rates)],
  };
}

function rateOf(ms: number): number {
  return 1000 / ms;
}

function notes(rounds: number): string[] {
  return [
    `medians of ${rounds} rounds, each with two fresh processes for everything, in turn; one more round before them does not count`,
    'every message is written and verified: its number in its first and last 4 bytes, and a byte made from it every 64 bytes; the same code in C and in JavaScript',
    'one way: clocked by the receiver, from one message verified to another verified, after a quarter as many that are not counted',
    'there and back: the median of ticks of 16 round trips; polling: both sides look again and again; all others sleep',
    'two busy cores: a loop in a shell keeps each of them busy besides',
    'a round trip a millisecond: CPU time is that of all threads of both processes, for each round trip',
    'two cores, one core: the thread that runs JavaScript (in C: the process) is kept there; its other threads are free',
    "rings have 1024 slots, or many: 4096, or few: 128; net's high water mark is 64 KiB; what has no back-pressure has at most 1024 messages on their way",
  ];
}

function idleNote(found: Samples): string {
  const switches = median([...(found.get(IDLE_SWITCHES) ?? [])]);
  return `an idle Channel: ${switches.toFixed(0)} context switches a second, of all threads of both processes`;
}

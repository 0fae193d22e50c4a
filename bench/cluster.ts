/** Measures memory of another host beside what the engine takes by itself. Both hosts and the server are on this machine. */
import type { Engine } from '#cluster/engine/engine.js';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { shuffle } from 'simple-statistics';
import { incomingOffers, type Claim } from 'vmoffer';
import { join, nats, type Cluster, type IncomingClusterOffer } from 'vmoffer-cluster';
import type { Bench, Findings } from './bench.js';
import { Authority } from '../spec/cluster/support/certificates.js';
import { counterIn } from '../spec/cluster/support/metrics.js';
import { BenchServer } from './cluster/server.js';
import { BY_NATS, connectAnchor, directOptions, directWay, learnAnchor, type Way } from './cluster/ways.js';
import type { Comparison } from './comparison.js';
import type { Effort } from './effort.js';
import { FILLING } from './filling.js';
import { measureInRounds, timed, type Measurement } from './rounds.js';
import { median } from './statistics.js';
import { KIB, MIB } from './units.js';

const ROUNDS = 5;
const UNIT = 256 * KIB;
const PAGE = 4 * KIB;
const TOUCHES = 40;
const IN_FLIGHT = 8;
const KILLED_BYTES = 16 * MIB;
const MOST_GONE_MS = 1000;

const comparisons: Comparison[] = [
  { what: 'first touch of 256 KiB of another host', ours: 'first touch', peer: 'a request of 256 KiB', slowerBy: 1.5 },
  { what: 'reading it all, in order', ours: 'reading it all', peer: 'the engine, 8 in flight', slowerBy: 1.25 },
  { what: 'reading it all, in order, directly', ours: 'reading it all, directly', peer: 'directly, 8 in flight' },
  { what: '… beside reading it by way of NATS', ours: 'reading it all, directly', peer: 'reading it all' },
  { what: 'the direct way alone, beside NATS alone', ours: 'directly, 8 in flight', peer: 'the engine, 8 in flight' },
  { what: "the source's agent killed: until it is known", ours: 'gone', atMost: MOST_GONE_MS },
];

const sizeComparisons: Comparison[] = [
  {
    what: 'a quarter of it read: bytes over the wire',
    ours: 'quarter, fetched',
    peer: 'quarter',
    slowerBy: 1.2,
    unit: 'bytes',
  },
  {
    what: 'four claims of it, all read: bytes over the wire',
    ours: 'four claims, fetched',
    peer: 'one claim, fetched',
    slowerBy: 1.05,
    unit: 'bytes',
  },
];

export const clusterBench: Bench = {
  name: 'cluster',
  what: 'memory of another host, beside what NATS takes for the same bytes',
  async run(effort: Effort): Promise<Findings> {
    const byteLength = effort.pick(320 * MIB, 16 * MIB);
    const rounds = effort.rounds(ROUNDS);
    await using server = await BenchServer.start();
    using authority = new Authority('peers');
    await using stage = await Stage.start(server.url, BY_NATS, byteLength);
    await using direct = await Stage.start(server.url, directWay(authority), byteLength);
    const touches = effort.pick(TOUCHES, 4);
    const measurements = [...timings(stage, touches), ...directly(direct), ...sizes(stage), () => killed(stage)];
    const measured = await measureInRounds(measurements, rounds);
    const isSize = (name: string) => sizeComparisons.some(({ ours, peer }) => name === ours || name === peer);
    const split = (wanted: boolean) => new Map([...measured].filter(([name]) => isSize(name) === wanted));
    return {
      samples: split(false),
      sizes: split(true),
      comparisons: [...comparisons, ...sizeComparisons],
      notes: notes(rounds, byteLength),
    };
  },
};

/** A program that offers memory, and its agent. */
interface Source {
  program: ChildProcess;
  agentPid: number;
}

/** This process is host b. The source, its agent, this process's agent and the server are processes of this machine. */
class Stage implements AsyncDisposable {
  readonly url: string;
  readonly byteLength: number;
  readonly engine: Engine;
  readonly way: Way;
  readonly #cluster: Cluster;
  readonly #source: Source;
  readonly #offers: AsyncIterator<IncomingClusterOffer>;

  private constructor(
    { url, way, byteLength }: { url: string; way: Way; byteLength: number },
    engine: Engine,
    cluster: Cluster,
    source: Source,
  ) {
    this.url = url;
    this.way = way;
    this.byteLength = byteLength;
    this.engine = engine;
    this.#cluster = cluster;
    this.#source = source;
    this.#offers = incomingOffers({ from: cluster })[Symbol.asyncIterator]();
  }

  static async start(url: string, way: Way, byteLength: number): Promise<Stage> {
    const source = await startSource(url, way, byteLength);
    const engine = await connectAnchor(url, way, 'b');
    if (way.tls) await learnAnchor(engine, new AbortController().signal);
    const cluster = await join(nats({ servers: url }), { as: way.reader, ...directOptions(way, 'b') });
    return new Stage({ url, way, byteLength }, engine, cluster, source);
  }

  /** Claims memory that was never claimed before, several times. */
  async claims(count: number, source = this.#source): Promise<Claim[]> {
    source.program.send(count);
    const claims: Claim[] = [];
    while (claims.length < count) {
      const { value } = (await this.#offers.next()) as { value: IncomingClusterOffer };
      claims.push(await value.claim());
    }
    return claims;
  }

  async counted(name: 'bytes_fetched_total' | 'direct_fallbacks_total'): Promise<number> {
    return counterIn(await this.#cluster.metrics(), name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cluster.close();
    await this.engine.close();
    await leave(this.#source);
  }
}

async function startSource(url: string, way: Way, byteLength: number): Promise<Source> {
  const path = fileURLToPath(new URL('cluster/remote-source.js', import.meta.url));
  const program = fork(path, [url, JSON.stringify(way), String(byteLength)]);
  const [agentPid] = (await once(program, 'message')) as [number];
  return { program, agentPid };
}

async function leave({ program }: Source): Promise<void> {
  const ended = once(program, 'exit');
  program.disconnect();
  await ended;
}

function timings(stage: Stage, touches: number): Measurement[] {
  return [
    async () => ({
      'a request of 256 KiB': await requests(stage, touches),
      'first touch': await firstTouches(stage, touches),
    }),
    async () => ({ 'the engine, 8 in flight': await engineReadsAll(stage) }),
    async () => ({ 'reading it all': await claimReadsAll(stage) }),
  ];
}

function directly(stage: Stage): Measurement[] {
  return [
    async () => ({ 'directly, 8 in flight': await engineReadsAll(stage) }),
    async () => {
      const ms = await claimReadsAll(stage);
      const fellBack = await stage.counted('direct_fallbacks_total');
      if (fellBack > 0) throw new Error(`${fellBack} units did not come directly`);
      return { 'reading it all, directly': ms };
    },
  ];
}

function claimReadsAll(stage: Stage): Promise<number> {
  return withClaims(stage, 1, ([claim]) =>
    timed(() => {
      readAll(claim, 0, stage.byteLength);
    }),
  );
}

/** Far apart, in no order, and no two of them as far apart as two others: whoever fetches ahead finds nothing to go on from. */
function offsets({ byteLength }: Stage, count: number): number[] {
  const pages = Math.floor(byteLength / (count + 1) / PAGE);
  const at = (nth: number) => ((nth + 1) * pages + Math.floor(Math.random() * pages)) * PAGE;
  return shuffle(Array.from({ length: count }, (_, nth) => at(nth)));
}

async function requests(stage: Stage, count: number): Promise<number> {
  const took: number[] = [];
  for (const offset of offsets(stage, count)) {
    const start = performance.now();
    await readRange(stage, offset - (offset % UNIT));
    took.push(performance.now() - start);
  }
  return median(took);
}

function readRange({ engine, way }: Stage, offset: number): Promise<Uint8Array> {
  return engine.read(`${way.source}-anchor`, 'anchor', { offset, byteLength: UNIT }, AbortSignal.timeout(10_000));
}

function firstTouches(stage: Stage, count: number): Promise<number> {
  return withClaims(stage, 1, ([claim]) =>
    median(
      offsets(stage, count).map((offset) =>
        timed(() => {
          readAll(claim, offset, 1);
        }),
      ),
    ),
  );
}

async function withClaims<Result>(
  stage: Stage,
  count: number,
  use: (claims: readonly Claim[]) => Result | Promise<Result>,
): Promise<Result> {
  const claims = await stage.claims(count);
  try {
    return await use(claims);
  } finally {
    for (const claim of claims) claim.release();
  }
}

async function engineReadsAll(stage: Stage): Promise<number> {
  const start = performance.now();
  let next = 0;
  const read = async () => {
    for (let offset = next; offset < stage.byteLength; offset = next) {
      next += UNIT;
      await readRange(stage, offset);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, read));
  return performance.now() - start;
}

function readAll(claim: Claim | undefined, byteOffset: number, byteLength: number): void {
  const view = claim?.view(byteOffset, byteLength) ?? new Uint8Array(1);
  for (let at = 0; at < byteLength; at += PAGE) {
    if (view[at] !== FILLING) throw new Error(`the byte at ${byteOffset + at} is ${view[at]}, not ${FILLING}`);
  }
}

function sizes(stage: Stage): Measurement[] {
  const quarter = Math.floor(stage.byteLength / 4 / UNIT) * UNIT;
  const all = stage.byteLength;
  return [
    async () => ({ quarter, 'quarter, fetched': await fetchedBy(stage, 1, quarter, quarter) }),
    async () => ({ 'one claim, fetched': await fetchedBy(stage, 1, 0, all) }),
    async () => ({ 'four claims, fetched': await fetchedBy(stage, 4, 0, all) }),
  ];
}

async function fetchedBy(stage: Stage, count: number, byteOffset: number, byteLength: number): Promise<number> {
  const before = await stage.counted('bytes_fetched_total');
  return withClaims(stage, count, async (claims) => {
    for (const claim of claims) readAll(claim, byteOffset, byteLength);
    return (await stage.counted('bytes_fetched_total')) - before;
  });
}

/** From the kill until what was not there yet is known to be gone. A source of its own is killed each time. */
async function killed(stage: Stage): Promise<Record<string, number>> {
  const way = { ...stage.way, source: `killed-${process.hrtime.bigint()}` };
  const source = await startSource(stage.url, way, KILLED_BYTES);
  const [claim] = await stage.claims(1, source);
  const start = performance.now();
  process.kill(source.agentPid, 'SIGKILL');
  const rejected = await claim?.ensure().then(
    () => false,
    () => true,
  );
  const ms = performance.now() - start;
  claim?.release();
  await leave(source);
  if (rejected !== true) throw new Error('memory came from an agent that was killed');
  return { gone: ms };
}

function notes(rounds: number, byteLength: number): string[] {
  return [
    `medians of ${rounds} rounds; one more round before them does not count`,
    `memory of ${byteLength / MIB} MiB, in units of 256 KiB; everything, the server too, is on one machine, over its loopback interface`,
    'a first touch is the median of 40, far apart, in no order and at no stride, so that nothing is fetched ahead; the request is the same engine asked for the same range by the same client',
    'what is read ahead beyond the quarter counts; four claims read ahead further than one, up to 9 MiB here',
  ];
}

/** What claims cost, one at a time and many at once, beside the same exchange between two bare C programs. */
import { setTimeout as pause } from 'node:timers/promises';
import { VMO_DISOWN, VMO_GRANT_R, VMO_GRANT_W, vmClaim, vmClaimSync, type Claim } from 'vmoffer';
import type { Bench, Findings } from './bench.js';
import type { Comparison, Samples } from './comparison.js';
import type { Effort } from './effort.js';
import { FILLING } from './filling.js';
import { Peer } from './peers/peer.js';
import { measureInRounds, repeated, type Measurement } from './rounds.js';
import { SourceProcess } from './source-process.js';
import { median } from './statistics.js';

const ROUNDS = 9;
const PAGE_BYTES = 4096;
/** Long enough for both sides to be asleep. */
const REST_MS = 3;
const REST_US = REST_MS * 1e3;
const CROWD = 64;
/** In a round, as the C program does. */
const CROWDS = 9;
const DISOWNED = VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN;

type Take = typeof vmClaim | typeof vmClaimSync;
const WAYS: Record<string, Take> = { vmClaim, vmClaimSync };

const comparisons: Comparison[] = Object.keys(WAYS).flatMap((way): Comparison[] => [
  {
    what: `${way} and first byte of a shared page, both sides at rest before, against two C programs that sleep`,
    ours: `${way}, rested`,
    peer: 'C, rested',
    slowerBy: 1.3,
  },
  {
    what: '… against two C programs that sleep, and make the same system calls',
    ours: `${way}, rested`,
    peer: 'C, same calls, rested',
  },
  {
    what: `${way} and first byte of a shared page, one after the other, against two C programs that look`,
    ours: `${way}, back to back`,
    peer: 'C, back to back',
    slowerBy: 1.5,
  },
  {
    what: '… against two C programs that look, and make the same system calls',
    ours: `${way}, back to back`,
    peer: 'C, same calls',
  },
  {
    what: `${way} of a disowned page, at rest before, against two C programs that sleep, with acknowledge and done`,
    ours: `${way}, disowned, rested`,
    peer: 'C, with done, rested',
    slowerBy: 1.3,
  },
  {
    what: '… against two C programs that sleep, and make the same system calls',
    ours: `${way}, disowned, rested`,
    peer: 'C, same calls, with done, rested',
  },
  {
    what: `${way} of a disowned page, one after the other, against two C programs that look, with acknowledge and done`,
    ours: `${way}, disowned`,
    peer: 'C, with done',
  },
  {
    what: '… against two C programs that look, and make the same system calls',
    ours: `${way}, disowned`,
    peer: 'C, same calls, with done',
  },
]);

const releases: Comparison[] = [
  { what: 'release() of a claim of one page, which nobody has looked at', ours: 'release' },
  { what: '… that has a buffer', ours: 'release with a buffer' },
];

const rates: Comparison[] = [
  ...Object.keys(WAYS).map((way): Comparison => {
    const [ours, peer] = [`${way}, one after the other`, 'C, one after the other'];
    return {
      what: `${way} of one page, one after the other, against two C programs that look`,
      ours,
      peer,
      atLeast: 20_000,
      unit: 'rate',
    };
  }),
  {
    what: `${CROWD} claims of one page at once, against two C programs that look`,
    ours: `${CROWD} at once`,
    peer: `C, ${CROWD} at once`,
    atLeast: 40_000,
    unit: 'rate',
  },
  {
    what: '… against two C programs that look, and make the same system calls',
    ours: `${CROWD} at once`,
    peer: `C, ${CROWD} at once, same calls`,
    unit: 'rate',
  },
];

export const claimsBench: Bench = {
  name: 'claims',
  what: 'claims of one page: at rest, one after the other, at once and disowned, beside two C programs',
  async run(effort: Effort): Promise<Findings> {
    const rounds = effort.rounds(ROUNDS);
    const count = effort.pick(200, 5);
    const rests = effort.pick(25, 2);
    await using source = new SourceProcess();
    await using peer = new Peer('claim');
    const measurements = [...ourMeasurements(source, count, rests), ...peerMeasurements(peer, count, rests)];
    const all = await measureInRounds(measurements, rounds);
    const isRate = (name: string) => rates.some(({ ours, peer: other }) => name === ours || name === other);
    return {
      samples: pick(all, (name) => !isRate(name)),
      rates: pick(all, isRate),
      comparisons: [...comparisons, ...releases, ...rates],
      notes: notes(rounds, count, rests),
    };
  },
};

function notes(rounds: number, count: number, rests: number): string[] {
  return [
    `medians of ${rounds} rounds, every measurement once a round; one more round before them does not count`,
    `a round's claim is the median of ${count} claims one after the other, or of ${rests} after ${REST_MS} ms of rest each`,
    'timed from the call to the first byte; the release is not in it, here and in C; the source has made its offers before',
    'in C: a fresh connection, terms with one memfd, mmap, an acknowledgement; for disowned memory the word that it is done',
    `a rate is of the time in the calls alone; of ${CROWDS} times ${CROWD} claims at once, the median`,
    'the same system calls: those that say who the other is and what has come, that make a descriptor read-only, and of a loop',
    'two C programs that both look are pinned to a core each',
  ];
}

function pick(samples: Samples, isWanted: (name: string) => boolean): Samples {
  return new Map([...samples].filter(([name]) => isWanted(name)));
}

function ourMeasurements(source: SourceProcess, count: number, rests: number): Measurement[] {
  const ofWays = Object.entries(WAYS).flatMap(([way, take]): Measurement[] => [
    async () => {
      const ms = await timeEach(source, { count, flags: VMO_GRANT_R, take });
      return { [`${way}, back to back`]: median(ms), [`${way}, one after the other`]: rateOf(ms) };
    },
    async () => ({ [`${way}, disowned`]: median(await timeEach(source, { count, flags: DISOWNED, take })) }),
    async () => ({
      [`${way}, rested`]: median(await timeEach(source, { count: rests, flags: VMO_GRANT_R, take, restMs: REST_MS })),
      [`${way}, disowned, rested`]: median(
        await timeEach(source, { count: rests, flags: DISOWNED, take, restMs: REST_MS }),
      ),
    }),
  ]);
  return [...ofWays, () => repeated(CROWDS, () => timeCrowd(source)), () => timeReleases(source, count)];
}

function peerMeasurements(peer: Peer, count: number, rests: number): Measurement[] {
  return [
    async () => {
      const [ns = NaN, rate = NaN] = await peer.ask('both', 0, PAGE_BYTES, count, 0);
      return { 'C, back to back': ns / 1e6, 'C, one after the other': rate };
    },
    async () => ({ 'C, same calls': await askMs(peer, 'checked', 0, PAGE_BYTES, count, 0) }),
    async () => ({ 'C, same calls, with done': await askMs(peer, 'checked', 1, PAGE_BYTES, count, 0) }),
    async () => ({ 'C, with done': await askMs(peer, 'both', 1, PAGE_BYTES, count, 0) }),
    async () => ({ 'C, same calls, rested': await askMs(peer, 'checked-neither', 0, PAGE_BYTES, rests, REST_US) }),
    async () => ({
      'C, same calls, with done, rested': await askMs(peer, 'checked-neither', 1, PAGE_BYTES, rests, REST_US),
    }),
    async () => ({ 'C, rested': await askMs(peer, 'neither', 0, PAGE_BYTES, rests, REST_US) }),
    async () => ({ 'C, with done, rested': await askMs(peer, 'neither', 1, PAGE_BYTES, rests, REST_US) }),
    async () => {
      const [, rate = NaN] = await peer.ask('crowd', 0, PAGE_BYTES, CROWD, 0);
      return { [`C, ${CROWD} at once`]: rate };
    },
    async () => {
      const [, rate = NaN] = await peer.ask('checked-crowd', 0, PAGE_BYTES, CROWD, 0);
      return { [`C, ${CROWD} at once, same calls`]: rate };
    },
  ];
}

async function askMs(peer: Peer, ...words: (string | number)[]): Promise<number> {
  const [ns = NaN] = await peer.ask(...words);
  return ns / 1e6;
}

interface Claims {
  count: number;
  flags: number;
  take: Take;
  restMs?: number;
}

/** Resolves to the milliseconds of each claim. */
async function timeEach(source: SourceProcess, { count, flags, take, restMs }: Claims): Promise<number[]> {
  const all: number[] = [];
  for (const address of await source.offerMany(count, PAGE_BYTES, flags)) {
    if (restMs !== undefined) await pause(restMs);
    const start = performance.now();
    using claim = await take(source.pid, address);
    const [first] = claim.view();
    all.push(performance.now() - start);
    if (first !== FILLING) throw new Error(`the first byte is ${first}, not the ${FILLING} that the source wrote`);
  }
  return all;
}

async function timeCrowd(source: SourceProcess): Promise<Record<string, number>> {
  const addresses = await source.offerMany(CROWD, PAGE_BYTES, VMO_GRANT_R);
  const start = performance.now();
  const claims = await Promise.all(addresses.map((address) => vmClaim(source.pid, address)));
  const ms = performance.now() - start;
  for (const claim of claims) claim.release();
  return { [`${CROWD} at once`]: (CROWD * 1e3) / ms };
}

async function timeReleases(source: SourceProcess, count: number): Promise<Record<string, number>> {
  const addresses = await source.offerMany(count, PAGE_BYTES, VMO_GRANT_R);
  const claims = await Promise.all(addresses.map((address) => vmClaim(source.pid, address)));
  const half = claims.splice(count / 2);
  for (const claim of half) claim.view();
  return { release: median(claims.map(timeRelease)), 'release with a buffer': median(half.map(timeRelease)) };
}

function timeRelease(claim: Claim): number {
  const start = performance.now();
  claim.release();
  return performance.now() - start;
}

function rateOf(ms: readonly number[]): number {
  return (ms.length * 1e3) / ms.reduce((sum, each) => sum + each, 0);
}

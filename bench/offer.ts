/** DESIGN: an offer copies nothing, whatever its size; and offers that stand are in no claim's way. */
import { allocate, VMO_GRANT_R, vmClaim, vmOffer, type Region } from 'vmoffer';
import type { Bench, Findings } from './bench.js';
import type { Comparison } from './comparison.js';
import type { Effort } from './effort.js';
import { FILLING } from './filling.js';
import { measureInRounds, type Measurement } from './rounds.js';
import { SourceProcess } from './source-process.js';
import { median } from './statistics.js';
import { GIB, MIB } from './units.js';

const ROUNDS = 7;
const OFFERS_A_ROUND = 100;
const CLAIMS_A_ROUND = 25;
const CROWD = 10_000;

const comparisons: Comparison[] = [
  { what: 'an offer of 1 GiB, against one of 1 MiB', ours: 'offer 1 GiB', peer: 'offer 1 MiB', slowerBy: 1.5 },
  {
    what: 'a claim of 1 MiB from a source of which 10 000 offers stand, against one of which none does',
    ours: 'claim from the crowd',
    peer: 'claim',
    slowerBy: 1.5,
  },
];

export const offerBench: Bench = {
  name: 'offer',
  what: 'an offer of 1 GiB, beside 1 MiB; a claim from a process with 10 000 offers, beside one with none',
  async run(effort: Effort): Promise<Findings> {
    const rounds = effort.rounds(ROUNDS);
    await using alone = new SourceProcess();
    await using crowded = new SourceProcess();
    await crowded.crowd(effort.pick(CROWD, 10));
    using small = allocate(MIB);
    using large = allocate(effort.pick(GIB, 2 * MIB));
    for (const region of [small, large]) region.view().fill(1);
    const measurements: Measurement[] = [
      () => offerOften(alone, { 'offer 1 MiB': small, 'offer 1 GiB': large }),
      () => claimOften({ claim: alone, 'claim from the crowd': crowded }),
    ];
    return { samples: await measureInRounds(measurements, rounds), comparisons, notes: notes(rounds) };
  },
};

function notes(rounds: number): string[] {
  return [
    `medians of ${rounds} rounds, every measurement once a round; one more round before them does not count`,
    `a round's offer is the median of ${OFFERS_A_ROUND}, taken back one by one; its claim that of ${CLAIMS_A_ROUND}; each kind has its turn`,
    'all memory has been touched; the 10 000 offers are of a page each, to the process that measures',
  ];
}

function offerOften(to: SourceProcess, regions: Record<string, Region>): Promise<Record<string, number>> {
  return mediansOf(OFFERS_A_ROUND, regions, (region) => Promise.resolve(timeOffer(to.pid, region)));
}

function claimOften(sources: Record<string, SourceProcess>): Promise<Record<string, number>> {
  return mediansOf(CLAIMS_A_ROUND, sources, timeClaim);
}

/** Takes each so often, in turn. */
async function mediansOf<T>(
  times: number,
  subjects: Record<string, T>,
  take: (subject: T) => Promise<number>,
): Promise<Record<string, number>> {
  const taken = Object.entries(subjects).map(([name, subject]) => ({ name, subject, values: [] as number[] }));
  for (let time = 0; time < times; time++) {
    for (const { subject, values } of taken) values.push(await take(subject));
  }
  return Object.fromEntries(taken.map(({ name, values }) => [name, median(values)]));
}

function timeOffer(destPid: number, region: Region): number {
  const start = performance.now();
  const offer = vmOffer(destPid, region, VMO_GRANT_R);
  const ms = performance.now() - start;
  offer.cancel();
  return ms;
}

async function timeClaim(source: SourceProcess): Promise<number> {
  const address = await source.offer(MIB, VMO_GRANT_R);
  const start = performance.now();
  using claim = await vmClaim(source.pid, address);
  const [first] = claim.view();
  const ms = performance.now() - start;
  if (first !== FILLING) throw new Error(`the first byte is ${first}, not the ${FILLING} that the source wrote`);
  return ms;
}

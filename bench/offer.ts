/** Shows that an offer copies nothing, whatever its size, and that standing offers do not slow a claim down. */
import { allocate, VMO_GRANT_R, vmClaim, vmOffer, type Region } from 'vmoffer';
import type { Bench, Findings } from './bench.js';
import { claimAndTouch } from './claim-and-touch.js';
import type { Comparison } from './comparison.js';
import type { Effort } from './effort.js';
import { measureInRounds, repeated, type Measurement } from './rounds.js';
import { SourceProcess } from './source-process.js';
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
      () =>
        repeated(OFFERS_A_ROUND, () =>
          Promise.resolve({
            'offer 1 MiB': timeOffer(alone.pid, small),
            'offer 1 GiB': timeOffer(alone.pid, large),
          }),
        ),
      () =>
        repeated(CLAIMS_A_ROUND, async () => ({
          claim: await claimAndTouch(alone, MIB, vmClaim),
          'claim from the crowd': await claimAndTouch(crowded, MIB, vmClaim),
        })),
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

function timeOffer(destPid: number, region: Region): number {
  const start = performance.now();
  const offer = vmOffer(destPid, region, VMO_GRANT_R);
  const ms = performance.now() - start;
  offer.cancel();
  return ms;
}

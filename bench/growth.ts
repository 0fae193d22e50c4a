/** How costs grow with the number of claims held, regions held, faulting threads, and processes. */
import type { Bench, Findings } from './bench.js';
import type { Effort } from './effort.js';
import { faultingThreads } from './growth/faulting-threads.js';
import { heldClaims } from './growth/held-claims.js';
import { heldRegions } from './growth/held-regions.js';
import { peerProcesses } from './growth/peer-processes.js';
import { comparisonsOf, measurementsOf, plotOf, type Series, type SeriesMaker } from './growth/series.js';
import { measuredOf, measureInRounds } from './rounds.js';

const ROUNDS = 5;
const MAKERS: readonly SeriesMaker[] = [heldClaims, heldRegions, faultingThreads, peerProcesses];

export const growthBench: Bench = {
  name: 'growth',
  what: 'claims, faults and offers, with more and more of everything else',
  async run(effort: Effort): Promise<Findings> {
    const rounds = effort.rounds(ROUNDS);
    const all: Findings[] = [];
    for (const make of MAKERS) {
      await using series = await make(effort);
      all.push(await findingsOf(series, rounds));
    }
    return {
      samples: new Map(all.flatMap(({ samples }) => [...samples])),
      comparisons: all.flatMap(({ comparisons }) => comparisons),
      plots: all.flatMap(({ plots }) => plots ?? []),
      notes: notes(rounds),
    };
  },
};

async function findingsOf(series: Series, rounds: number): Promise<Findings> {
  const samples = measuredOf(await measureInRounds(measurementsOf(series), rounds, { label: series.of }));
  return { samples, comparisons: comparisonsOf(series, samples), plots: [plotOf(series, samples)], notes: [] };
}

function notes(rounds: number): string[] {
  return [
    `medians of ${rounds} rounds, every count once a round; one more round before them does not count`,
    'a claim is one of 64 KiB whose pages are all there, from another process; of 4 KiB where processes are counted, and so are regions',
    'where many threads or processes take part, a value is the time of all of it divided by the number of faults or claims',
    'every faulting thread touches claims of its own, each once: nothing is read ahead',
  ];
}

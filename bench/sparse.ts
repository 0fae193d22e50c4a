/** What it costs to claim 1 GiB and touch only a few of its pages, beside plain mmap and beside sending all of it. */
import { VMO_GRANT_R, VMO_GRANT_W, vmClaim, type PagingKind } from 'vmoffer';
import type { Bench, Findings } from './bench.js';
import type { Comparison, Samples } from './comparison.js';
import type { Effort } from './effort.js';
import { Peer } from './peers/peer.js';
import { loadReader } from './peers/reader.js';
import { placesIn, type Order } from './places.js';
import { facetPlot } from './plots.js';
import { measureInRounds, type Measurement } from './rounds.js';
import { SourceProcess } from './source-process.js';
import { summarize } from './statistics.js';
import { GIB, MIB } from './units.js';

const ROUNDS = 5;
const PAGE_BYTES = 4096;
const SHARES = [0.001, 0.01, 0.1, 1] as const;
const ORDERS = ['sequential', 'random'] as const satisfies readonly Order[];
const PAGINGS = { ours: 'auto', 'plain mmap': 'kernel' } as const satisfies Record<string, PagingKind | 'auto'>;
/** Who comes first finds the caches full of the case before, and leaves them full of the same pages: it takes a third longer. */
const TURNS = [...Object.entries(PAGINGS), ...Object.entries(PAGINGS).reverse()];
const COPY = 'all of it through a socket';

const WAYS = {
  read: { flags: VMO_GRANT_R, touch: 'touch' },
  written: { flags: VMO_GRANT_R | VMO_GRANT_W, touch: 'write' },
} as const;
type Way = keyof typeof WAYS;

interface Case {
  way: Way;
  order: Order;
  share: number;
}

const CASES = (Object.keys(WAYS) as Way[]).flatMap((way) =>
  ORDERS.flatMap((order) => SHARES.map((share): Case => ({ way, order, share }))),
);

function nameOf(who: string, { way, share, order }: Case): string {
  return `${who}, ${share * 100} %, ${order}${way === 'read' ? '' : `, ${way}`}`;
}

/** Of all pages, windows and read-ahead have to be better than the kernel, which takes a fault for each page that is written. */
function leastRatio({ way, order, share }: Case): number {
  if (share < 1) return 0.9;
  if (way === 'written') return 2;
  return order === 'random' ? 1.2 : 0.9;
}

const COPIED = CASES.filter(({ way, order }) => way === 'read' && order === 'random');

const comparisons: Comparison[] = [
  ...CASES.map((touches) => ({
    what: `claim 1 GiB and ${touches.way === 'read' ? 'touch' : 'write'} ${touches.share * 100} % of its pages, ${touches.order}, against plain mmap`,
    ours: nameOf('ours', touches),
    peer: nameOf('plain mmap', touches),
    fasterBy: leastRatio(touches),
  })),
  ...COPIED.map((touches) => ({
    what: `claim 1 GiB and touch ${touches.share * 100} % of its pages, ${touches.order}, against a C program that sends it all through a UNIX socket`,
    ours: nameOf('ours', touches),
    peer: COPY,
  })),
];

export const sparseBench: Bench = {
  name: 'sparse',
  what: 'claim 1 GiB and touch 0.1 to 100 % of its pages, beside plain mmap and a socket',
  async run(effort: Effort): Promise<Findings> {
    const byteLength = effort.pick(GIB, 4 * MIB);
    const rounds = effort.rounds(ROUNDS);
    await using source = new SourceProcess();
    await using peer = new Peer('delivery', [String(byteLength)]);
    const samples = await measureInRounds(measurements(source, peer, byteLength), rounds);
    return { samples, comparisons, notes: notes(rounds), plots: [plotOf(samples)] };
  },
};

function notes(rounds: number): string[] {
  return [
    `medians of ${rounds} rounds, every case twice a round; one more round before them does not count`,
    'each case in turn: ours, plain mmap, plain mmap, ours; a value is the mean of two, because who comes first warms the caches',
    'timed from the call of vmClaim to the last touch; a touch reads or writes one byte, in C, the same code for both',
    'memory that is written is granted W, and shared with the source; what is read alone is granted R',
    'sequential touches are evenly spread and ascend; random ones are the same pages, shuffled',
    'the socket sends every byte, in writes of 1 MiB, into one chunk that is used again and again and summed up there',
  ];
}

function measurements(source: SourceProcess, peer: Peer, byteLength: number): Measurement[] {
  const touches = CASES.map((touched): Measurement => async () => {
    const places = placesIn(
      byteLength,
      PAGE_BYTES,
      Math.max(1, Math.round((byteLength / PAGE_BYTES) * touched.share)),
      touched.order,
    );
    const ms: Record<string, number> = {};
    for (const [who, paging] of TURNS) {
      const name = nameOf(who, touched);
      ms[name] = (ms[name] ?? 0) + (await claimAndTouch(source, byteLength, places, touched.way, paging)) / 2;
    }
    return ms;
  });
  return [...touches, () => copyAll(peer, byteLength)];
}

async function claimAndTouch(
  source: SourceProcess,
  byteLength: number,
  places: BigUint64Array,
  way: Way,
  paging: PagingKind | 'auto',
): Promise<number> {
  const { flags, touch } = WAYS[way];
  const address = await source.offer(byteLength, flags);
  const start = performance.now();
  using claim = await vmClaim(source.pid, address, { paging });
  loadReader()[touch](claim.view(), places);
  return performance.now() - start;
}

async function copyAll(peer: Peer, byteLength: number): Promise<Record<string, number>> {
  const [, lastMs = NaN] = await peer.ask('socket', byteLength);
  return { [COPY]: lastMs };
}

function plotOf(samples: Samples) {
  const points = CASES.flatMap((touches) =>
    [...Object.keys(PAGINGS), COPY].map((who) => {
      const { median, least, most } = summarize(samples.get(who === COPY ? COPY : nameOf(who, touches)) ?? []);
      const what = touches.way === 'read' ? 'touches' : 'writes';
      return { line: who, facet: `${touches.order} ${what}`, x: touches.share, median, least, most };
    }),
  );
  const axis = { title: 'pages touched', marks: SHARES.map((share) => [share, `${share * 100} %`] as const) };
  return facetPlot('sparse', 'Claim 1 GiB and touch some of its pages', axis, points);
}

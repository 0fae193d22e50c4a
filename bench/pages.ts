/** The first pass over claimed memory, beside the kernel's own demand paging and beside resident pages. */
import { VMO_GRANT_R, VMO_GRANT_W, vmClaim, type Claim, type PagingKind } from 'vmoffer';
import type { Bench, Findings } from './bench.js';
import { withMeasuredPeer, type Comparison } from './comparison.js';
import type { Effort } from './effort.js';
import { expectFilled, FILLING } from './filling.js';
import { Peer } from './peers/peer.js';
import { loadReader } from './peers/reader.js';
import { measuredOf, measureInRounds, timed, type Measurement } from './rounds.js';
import { SourceProcess } from './source-process.js';
import { GIB, MIB } from './units.js';

const ROUNDS = 7;

interface Kind {
  paging?: PagingKind | 'auto';
  hugePages?: boolean;
}

const KINDS = {
  ours: {},
  'plain mmap': { paging: 'kernel' },
  'ours, huge pages': { hugePages: true },
} as const satisfies Record<string, Kind>;
type Who = keyof typeof KINDS;

/** The time that the kernel needs to install the pages alone, on one thread: see bench/peers/install.c. */
const BARE = {
  continue: 'bare UFFDIO_CONTINUE',
  'populate-read': 'bare populate for reading',
  'populate-write': 'bare populate for writing',
} as const;

const comparisons: Comparison[] = [
  {
    what: 'first sequential read of 1 GiB, against plain mmap of the same memory',
    ours: 'first read, ours',
    peer: 'first read, plain mmap',
    fasterBy: 1.2,
  },
  {
    what: '… against one core that installs all of it with UFFDIO_CONTINUE, and reads nothing',
    ours: 'first read, ours',
    peer: BARE.continue,
    fasterBy: 0.85,
  },
  {
    what: 'first sequential read of 1 GiB, against reading it when it is resident',
    ours: 'first read, ours',
    peer: 'second read, ours',
  },
  {
    what: 'first sequential write of 1 GiB, against plain mmap of the same memory',
    ours: 'first write, ours',
    peer: 'first write, plain mmap',
    fasterBy: 6,
  },
  {
    what: 'first sequential write of 1 GiB, against writing it when it is resident',
    ours: 'first write, ours',
    peer: 'second write, ours',
  },
  {
    what: 'first sequential read of 1 GiB in huge pages, against plain mmap of ordinary ones',
    ours: 'first read, ours, huge pages',
    peer: 'first read, plain mmap',
  },
  {
    what: 'first sequential write of 1 GiB in huge pages, against plain mmap of ordinary ones',
    ours: 'first write, ours, huge pages',
    peer: 'first write, plain mmap',
  },
];

export const pagesBench: Bench = {
  name: 'pages',
  what: 'first sequential read and write of 1 GiB, beside plain mmap and resident pages',
  async run(effort: Effort): Promise<Findings> {
    const byteLength = effort.pick(GIB, 2 * MIB);
    const rounds = effort.rounds(ROUNDS);
    await using source = new SourceProcess();
    await using peer = new Peer('install', [String(byteLength)]);
    const passes = (Object.keys(KINDS) as Who[]).flatMap((who): Measurement[] => [
      () => readTwice(source, byteLength, who),
      () => writeTwice(source, byteLength, who),
    ]);
    const installs = Object.entries(BARE).map(
      ([way, name]): Measurement =>
        () =>
          askPeer(peer, way, name),
    );
    const samples = measuredOf(await measureInRounds([...passes, ...installs], rounds));
    return { samples, comparisons: withMeasuredPeer(comparisons, samples), notes: notes(rounds) };
  },
};

function notes(rounds: number): string[] {
  return [
    `medians of ${rounds} rounds, every measurement once a round; one more round before them does not count`,
    'reading sums up all 64-bit words, in C; writing is Buffer.fill(). The claim is made before the clock starts',
    'plain mmap is the same memory object, claimed with paging: kernel; resident is the second pass over the same claim',
    'bare: a program in C that installs all pages of as much memory, and does nothing else; nobody can be faster on one thread',
    'the source has touched its memory beforehand: none of it is fresh',
    "huge pages are the source's: allocate(…, { hugePages: true }), which takes what the machine has; see the environment",
  ];
}

async function readTwice(source: SourceProcess, byteLength: number, who: Who): Promise<Record<string, number>> {
  using claim = await claimAs(source, byteLength, VMO_GRANT_R, who);
  const bytes = claim.view();
  const read = () => {
    expectFilled(loadReader().sum(bytes), byteLength);
  };
  return { [`first read, ${who}`]: timed(read), [`second read, ${who}`]: timed(read) };
}

async function writeTwice(source: SourceProcess, byteLength: number, who: Who): Promise<Record<string, number>> {
  using claim = await claimAs(source, byteLength, VMO_GRANT_R | VMO_GRANT_W, who);
  const bytes = claim.view();
  const write = () => bytes.fill(FILLING);
  return { [`first write, ${who}`]: timed(write), [`second write, ${who}`]: timed(write) };
}

async function askPeer(peer: Peer, way: string, name: string): Promise<Record<string, number>> {
  const [ms = NaN] = await peer.ask(way);
  return { [name]: ms };
}

async function claimAs(source: SourceProcess, byteLength: number, flags: number, who: Who): Promise<Claim> {
  const { hugePages = false, paging = 'auto' }: Kind = KINDS[who];
  return vmClaim(source.pid, await source.offer(byteLength, flags, { hugePages }), { paging, hugetlb: hugePages });
}

/** What one fault costs: touches of single pages in random order, as JavaScript sees them and as the pager does. */
import { capabilities, VMO_GRANT_R, vmClaim, type PagingKind } from 'vmoffer';
import type { Bench, Findings } from './bench.js';
import type { Comparison } from './comparison.js';
import { quantile } from './statistics.js';
import { measureInRounds, type Measurement } from './rounds.js';
import { SourceProcess } from './source-process.js';

const GIB = 1 << 30;
const ROUNDS = 5;
const TOUCHES = 2000;
/** The pager and the kernel both install 16 pages around a single touch: touches lie further apart than that. */
const STRIDE_PAGES = 64;

const PAGINGS = ['userfault', 'kernel'] as const;

const comparisons: Comparison[] = [
  { what: 'one touch of an absent page, p50', ours: 'touch p50, userfault', peer: 'touch p50, kernel' },
  { what: 'one touch of an absent page, p99', ours: 'touch p99, userfault', peer: 'touch p99, kernel' },
  { what: 'one touch of a resident page, p50', ours: 'again p50, userfault', peer: 'again p50, kernel' },
  {
    what: "the pager's own part of the p50",
    ours: 'pager p50, userfault',
    peer: 'touch p50, userfault',
  },
];

export const faultBench: Bench = {
  name: 'fault',
  what: 'one touch of an absent page: round trip in JavaScript, and the part of the pager',
  async run(): Promise<Findings> {
    const source = new SourceProcess();
    try {
      const measurements = PAGINGS.map(
        (paging): Measurement =>
          () =>
            touchAtRandom(source, paging),
      );
      const samples = await measureInRounds(measurements, ROUNDS);
      return { samples, comparisons, notes: NOTES };
    } finally {
      await source.stop();
    }
  },
};

const NOTES = [
  `medians over ${ROUNDS} rounds of the percentiles of ${TOUCHES} touches each`,
  "a touch is timed with performance.now(), which is part of the figure: see 'a resident page'",
  'placement is left to the scheduler but for the pager, which follows the faulting thread where it may',
];

async function touchAtRandom(source: SourceProcess, paging: PagingKind): Promise<Record<string, number>> {
  using claim = await vmClaim(source.pid, await source.offer(GIB, VMO_GRANT_R), { paging });
  const bytes = claim.view();
  const offsets = shuffledOffsets();
  const first = touchAll(bytes, offsets);
  const again = touchAll(bytes, offsets);
  const found = {
    [`touch p50, ${paging}`]: quantile(first, 0.5),
    [`touch p99, ${paging}`]: quantile(first, 0.99),
    [`again p50, ${paging}`]: quantile(again, 0.5),
  };
  if (paging !== 'userfault') return found;
  return { ...found, 'pager p50, userfault': claim.stats().faultLatency.p50 / 1000 };
}

/** What was read is kept where the compiler cannot see that nobody looks: a read that nobody needs is not done. */
const read = new Uint8Array(1);

function touchAll(bytes: Uint8Array, offsets: readonly number[]): number[] {
  return offsets.map((offset) => {
    const start = performance.now();
    read[0] = bytes[offset] ?? 0;
    return performance.now() - start;
  });
}

function shuffledOffsets(): number[] {
  const stride = STRIDE_PAGES * capabilities().pageSize;
  const offsets = Array.from({ length: GIB / stride }, (_, index) => index * stride);
  for (let last = offsets.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    [offsets[last], offsets[other]] = [offsets[other] ?? 0, offsets[last] ?? 0];
  }
  return offsets.slice(0, TOUCHES);
}

/** A bench that has measured what a spec wants, and where. */
import type { Bench, Findings } from '../../../bench/bench.js';
import type { Environment } from '../../../bench/environment.js';

export const environment: Environment = {
  cpu: 'A processor <of ours>',
  cores: 2,
  isVirtual: true,
  memoryBytes: 2 ** 34,
  pageBytes: 4096,
  kernel: '6.18.0',
  node: '20.20.2',
  compiler: 'cc 12',
  library: '0.1.0',
  commit: 'abc1234',
  hugePages: 'ordinary',
  paging: 'userfault',
};

export const findings: Findings = {
  samples: new Map([
    ['ours', [1, 3, 2]],
    ['theirs', [10, 30, 20]],
  ]),
  sizes: new Map([['peak', [4096, 4096, 8192]]]),
  rates: new Map([['messages', [5e6, 4e6, 6e6]]]),
  comparisons: [
    { what: 'a race', ours: 'ours', peer: 'theirs', fasterBy: 9 },
    { what: 'a lost race', ours: 'theirs', peer: 'ours', fasterBy: 9 },
    { what: 'the most memory', ours: 'peak', unit: 'bytes', atMost: 4096 },
  ],
  notes: ['nothing was cold'],
};

export const bench: Bench = {
  name: 'race',
  what: 'who is first',
  run: () => Promise.resolve(findings),
};

export const details = { takenAt: new Date('2026-01-02T03:04:05Z'), isQuick: false, environment };

/** paced-first RUN: as first, with pauses. Reports how long a round trip takes, and how much CPU time both processes use. */
import { readFileSync } from 'node:fs';
import { quantile } from '../statistics.js';
import { pinSelf } from './pin-self.js';
import { usedBy } from './processor-use.js';
import { totalOf, type Run } from './run.js';
import { loadWay } from './ways.js';

/** In milliseconds: quantiles of a round trip, and the CPU time of both processes for each. */
export interface PacedUse {
  p50: number;
  p99: number;
  cpu: number;
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

async function measure(run: Run): Promise<PacedUse> {
  const way = await loadWay(run.way);
  const end = await way.openFirst(run);
  pinSelf(run.cores[0], run.pinProgram);
  const both = [process.pid, ...childrenOf(process.pid)];
  const before = usedBy(both).cpu;
  const took = await end.ping(run);
  const cpu = (usedBy(both).cpu - before) / totalOf(run);
  return { p50: quantile(took, 0.5), p99: quantile(took, 0.99), cpu };
}

const found = await measure(JSON.parse(process.argv[2] ?? '') as Run);
process.send?.(found, () => {
  process.exit();
});

/** first RUN: the process that takes the time. It starts the other one, and reports to its parent. */
import { median } from '../statistics.js';
import { pinSelf } from './pin-self.js';
import type { Run } from './run.js';
import { loadWay } from './ways.js';

async function measure(run: Run): Promise<number> {
  const way = await loadWay(run.way);
  const end = await way.openFirst(run);
  pinSelf(run.cores[0], run.pinProgram);
  return run.kind === 'one-way' ? (await end.receive(run)) / run.count : median(await end.ping(run));
}

const found = await measure(JSON.parse(process.argv[2] ?? '') as Run);
process.send?.(found, () => {
  process.exit();
});

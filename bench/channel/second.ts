/** second RUN FIRST_PID: the other process, or thread. It sends what the first one receives, or answers its pings. */
import { isMainThread } from 'node:worker_threads';
import { pinSelf } from './pin-self.js';
import type { Run } from './run.js';
import { loadWay } from './ways.js';

async function takePart(run: Run, firstPid: number): Promise<void> {
  const way = await loadWay(run.way);
  const end = await way.openSecond(run, firstPid);
  if (isMainThread) pinSelf(run.cores[1], run.pinProgram);
  await (run.kind === 'one-way' ? end.send(run) : end.pong(run));
}

// Messages may still be under way when this process has sent all of them. It ends when the first process does.
process.on('disconnect', () => {
  process.exit();
});
await takePart(JSON.parse(process.argv[2] ?? '') as Run, Number(process.argv[3]));

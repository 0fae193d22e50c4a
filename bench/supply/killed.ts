/** How long threads wait for a source that has been killed. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { vmClaim } from 'vmoffer';
import type { Comparison } from '../comparison.js';
import { KIB } from '../units.js';
import { SupplyingProcess } from './supplying-process.js';
import type { Wait } from './waiting-claimer.js';

const UNIT = 64 * KIB;
const PROCESSES = 3;
const LOOK_AGAIN_MS = 2;
const MOST_MS = 100;

export const killedComparisons: Comparison[] = [
  {
    what: 'the source is killed: until ensure() has thrown and every process has ended that waited in a touch',
    ours: 'killed, all',
    atMost: MOST_MS,
  },
  { what: '… until ensure() has thrown', ours: 'killed, ensure()' },
];

export async function measureKilled(): Promise<Record<string, number>> {
  await using supplying = new SupplyingProcess();
  await supplying.supply({ way: { kind: 'never' }, byteLength: (PROCESSES + 1) * UNIT, unit: UNIT });
  const waiting: ChildProcess[] = [];
  for (let place = 0; place < PROCESSES; place++) waiting.push(await startWaiting(supplying, place * UNIT));
  using claim = await vmClaim(supplying.pid, await supplying.offer());
  const thrown = claim.ensure(PROCESSES * UNIT, 1).then(
    () => Promise.reject(new Error('ensure() has brought what nobody brings')),
    () => performance.now(),
  );
  while ((await supplying.stats()).unitsOrdered <= PROCESSES) await delay(LOOK_AGAIN_MS);
  const ended = waiting.map(async (child) => {
    const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
    if (signal !== 'SIGBUS') throw new Error('a process that waited has not been ended by SIGBUS');
    return performance.now();
  });
  const start = performance.now();
  await supplying.kill();
  const [thrownAt, ...endedAt] = await Promise.all([thrown, ...ended]);
  return { 'killed, ensure()': thrownAt - start, 'killed, all': Math.max(thrownAt, ...endedAt) - start };
}

/** It says on stderr why it ends, which is not wanted here. */
async function startWaiting(supplying: SupplyingProcess, offset: number): Promise<ChildProcess> {
  const program = fileURLToPath(new URL('waiting-claimer.js', import.meta.url));
  const child = fork(program, { serialization: 'advanced', stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  const address = await supplying.offer(child.pid);
  child.send({ source: supplying.pid, address, offset } satisfies Wait);
  return child;
}

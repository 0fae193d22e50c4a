/** What an idle Channel costs: two processes wait for messages that never come. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { usedBy, type ProcessorUse } from './processor-use.js';

export const IDLE = 'Channel, idle: CPU time of both processes in a second';
export const IDLE_SWITCHES = 'Channel, idle: context switches of both processes in a second';

const PROGRAM = fileURLToPath(new URL('idle-process.js', import.meta.url));
/** Long enough for V8's compiler and collector to finish what they began earlier. */
const SETTLING_MS = 500;

/** Resolves to the use per second. */
export async function measureIdle(observedMs: number): Promise<ProcessorUse> {
  const child = fork(PROGRAM);
  try {
    const [otherPid] = (await once(child, 'message')) as [number];
    await sleep(SETTLING_MS);
    return await observe([child.pid ?? 0, otherPid], observedMs);
  } finally {
    child.disconnect();
    await once(child, 'exit');
  }
}

async function observe(pids: readonly number[], observedMs: number): Promise<ProcessorUse> {
  const before = usedBy(pids);
  await sleep(observedMs);
  const after = usedBy(pids);
  const seconds = observedMs / 1000;
  return { cpu: (after.cpu - before.cpu) / seconds, switches: (after.switches - before.switches) / seconds };
}

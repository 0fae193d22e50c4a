/** What an idle Channel costs: two processes that wait for messages which do not come. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const IDLE = 'Channel, idle: CPU time of both processes in a second';
export const IDLE_SWITCHES = 'Channel, idle: context switches of both processes in a second';

const PROGRAM = fileURLToPath(new URL('idle-process.js', import.meta.url));
/** What a process has begun before it went idle is over by then: its compiler, its collector. */
const SETTLING_MS = 500;

export interface IdleUse {
  /** Milliseconds of CPU time a second. */
  cpu: number;
  /** Context switches a second, of all threads. */
  switches: number;
}

export async function measureIdle(observedMs: number): Promise<IdleUse> {
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

async function observe(pids: readonly number[], observedMs: number): Promise<IdleUse> {
  const before = usedBy(pids);
  await sleep(observedMs);
  const after = usedBy(pids);
  const seconds = observedMs / 1000;
  return { cpu: (after.cpu - before.cpu) / seconds, switches: (after.switches - before.switches) / seconds };
}

/** Since they have begun. */
function usedBy(pids: readonly number[]): IdleUse {
  const threads = pids.flatMap((pid) => readdirSync(`/proc/${pid}/task`).map((tid) => `/proc/${pid}/task/${tid}`));
  return {
    cpu: sum(threads.map((path) => Number(readFileSync(`${path}/schedstat`, 'utf8').split(' ', 1)[0]) / 1e6)),
    switches: sum(threads.map((path) => switchesOf(readFileSync(`${path}/status`, 'utf8')))),
  };
}

function switchesOf(status: string): number {
  return sum([...status.matchAll(/voluntary_ctxt_switches:\t(\d+)/g)].map(([, count]) => Number(count)));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

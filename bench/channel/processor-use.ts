/** How much processor time some processes have used, as the kernel counts it. */
import { readdirSync, readFileSync } from 'node:fs';
import { taskTimeMs } from '../task-time.js';

export interface ProcessorUse {
  /** Milliseconds of CPU time, of all threads. */
  cpu: number;
  /** Context switches, of all threads. */
  switches: number;
}

/** Counts from the start of the processes. */
export function usedBy(pids: readonly number[]): ProcessorUse {
  const threads = pids.flatMap((pid) => readdirSync(`/proc/${pid}/task`).map((tid) => `/proc/${pid}/task/${tid}`));
  return {
    cpu: sum(threads.map(taskTimeMs)),
    switches: sum(threads.map((path) => switchesOf(readFileSync(`${path}/status`, 'utf8')))),
  };
}

function switchesOf(status: string): number {
  return sum([...status.matchAll(/voluntary_ctxt_switches:\t(\d+)/g)].map(([, count]) => Number(count)));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

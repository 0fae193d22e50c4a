/** Stops processes with SIGSTOP: they live, and none of their threads runs. */
import { readFileSync } from 'node:fs';
import { until } from './barriers.js';
import type { Child } from './child.js';
import type { Commands } from './remote.js';

function threadsAreStopped(pid: number): boolean {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return /^State:\s+T/m.test(status);
}

export async function stop<T extends Commands>(child: Child<T>): Promise<void> {
  child.kill('SIGSTOP');
  await until(`process ${child.pid} is stopped`, () => threadsAreStopped(child.pid));
}

export function resume<T extends Commands>(child: Child<T>): void {
  child.kill('SIGCONT');
}

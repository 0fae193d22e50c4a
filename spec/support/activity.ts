/** What another process has done so far, by the kernel's counters. */
import { readdirSync, readFileSync } from 'node:fs';

/** How often its threads have gone to sleep or been interrupted. */
export function contextSwitches(pid: number): number {
  return sumOver(pid, (thread) => {
    const counts = readFileSync(`${thread}/status`, 'utf8').matchAll(/^(?:non)?voluntary_ctxt_switches:\s+(\d+)$/gm);
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
  });
}

/** How long its threads have run, in clock ticks of 10 ms. */
export function processorTime(pid: number): number {
  return sumOver(pid, (thread) => {
    const fields = readFileSync(`${thread}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return Number(fields[11]) + Number(fields[12]);
  });
}

function sumOver(pid: number, count: (thread: string) => number): number {
  const folder = `/proc/${pid}/task`;
  return readdirSync(folder).reduce((sum, thread) => sum + count(`${folder}/${thread}`), 0);
}

import { readdirSync, readFileSync } from 'node:fs';

/**
 * The milliseconds of processor time that the threads of that name have had, in that process; NaN where the kernel does not
 * say. Source: Documentation/scheduler/sched-stats.rst, `schedstat` of a task, its first number (nanoseconds).
 */
export function threadTimeMs(pid: number, name: string): number {
  const tasks = `/proc/${pid}/task`;
  try {
    const own = readdirSync(tasks).filter((task) => readFileSync(`${tasks}/${task}/comm`, 'utf8').trim() === name);
    const times = own.map((task) => Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]));
    return times.reduce((sum, time) => sum + time, 0) / 1e6;
  } catch {
    return NaN;
  }
}

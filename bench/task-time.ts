import { readFileSync } from 'node:fs';

/**
 * The milliseconds of processor time that a thread has used, given its folder below /proc. It is the first number of the
 * thread's `schedstat`, in nanoseconds; see the kernel's Documentation/scheduler/sched-stats.rst. Throws if that cannot be read.
 */
export function taskTimeMs(folder: string): number {
  return Number(readFileSync(`${folder}/schedstat`, 'utf8').split(' ', 1)[0]) / 1e6;
}

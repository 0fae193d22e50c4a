import { readFileSync } from 'node:fs';

/**
 * The milliseconds of processor time that a thread has had, given its folder below /proc. Throws when that cannot be read. Source:
 * Documentation/scheduler/sched-stats.rst, `schedstat` of a task, its first number (nanoseconds).
 */
export function taskTimeMs(folder: string): number {
  return Number(readFileSync(`${folder}/schedstat`, 'utf8').split(' ', 1)[0]) / 1e6;
}

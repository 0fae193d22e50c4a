import { readdirSync, readFileSync } from 'node:fs';
import { taskTimeMs } from '../task-time.js';

/**
 * The milliseconds of processor time that the threads of that name in that process have used; NaN if the kernel does not say.
 */
export function threadTimeMs(pid: number, name: string): number {
  const tasks = `/proc/${pid}/task`;
  try {
    const own = readdirSync(tasks).filter((task) => readFileSync(`${tasks}/${task}/comm`, 'utf8').trim() === name);
    return own.reduce((sum, task) => sum + taskTimeMs(`${tasks}/${task}`), 0);
  } catch {
    return NaN;
  }
}

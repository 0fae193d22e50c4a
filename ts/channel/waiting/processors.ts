import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const CGROUPS = '/sys/fs/cgroup';

let quota: number | undefined;

/** How many processors this process may use at once, given its affinity and the limits of its control groups. */
export function usableProcessors(): number {
  quota ??= quotaOf(readText);
  return Math.min(availableParallelism(), quota);
}

/** The smallest limit of the control groups above this process. Version 1 groups are not considered. */
export function quotaOf(read: (path: string) => string): number {
  const [, path = '/'] = /^0::(\/.*)$/m.exec(read('/proc/self/cgroup')) ?? [];
  const folders = path.split('/').filter((name) => name !== '');
  const limits = [0, ...folders.map((_, index) => index + 1)].map((depth) =>
    processorsOf(read([CGROUPS, ...folders.slice(0, depth), 'cpu.max'].join('/'))),
  );
  return Math.min(...limits);
}

/** `text` is a cpu.max file: how many microseconds of each period the group may use, or `max`. */
function processorsOf(text: string): number {
  const [, used, period] = /^(\d+) (\d+)/.exec(text) ?? [];
  return used === undefined ? Infinity : Number(used) / Number(period);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const CGROUPS = '/sys/fs/cgroup';

let quota: number | undefined;

/** How many processors this process may use at once, by its affinity and by the limits of its control groups. */
export function usableProcessors(): number {
  quota ??= quotaOf(readText);
  return Math.min(availableParallelism(), quota);
}

/** The least that a control group over this process allows; those of version 1 are not looked at. */
export function quotaOf(read: (path: string) => string): number {
  const [, path = '/'] = /^0::(\/.*)$/m.exec(read('/proc/self/cgroup')) ?? [];
  const folders = path.split('/').filter((name) => name !== '');
  const limits = [0, ...folders.map((_, index) => index + 1)].map((depth) =>
    processorsOf(read([CGROUPS, ...folders.slice(0, depth), 'cpu.max'].join('/'))),
  );
  return Math.min(...limits);
}

/** Of what cpu.max says: how many microseconds of each period, or `max`. */
function processorsOf(text: string): number {
  const [, used, period] = /^(\d+) (\d+)/.exec(text) ?? [];
  return used === undefined ? Infinity : Number(used) / Number(period);
}

/** Returns an empty text if the file cannot be read. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

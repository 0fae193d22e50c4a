/** Where the two processes of a run are. */
import { readFileSync } from 'node:fs';

/**
 * `apart`: each process has a core. `crowded`: as `apart`, and another program keeps each core busy. `same`: both share one
 * core. `any`: the scheduler decides.
 */
export type Placement = 'apart' | 'crowded' | 'same' | 'any';

/** The core of the process that takes the time, and that of the other one. */
export type Cores = readonly [first: number, second: number];

export const ANY_CORE = -1;

/** Undefined if this process may not use that many cores. */
export function coresOf(placement: Placement, allowed: readonly number[]): Cores | undefined {
  if (placement === 'any') return [ANY_CORE, ANY_CORE];
  const [first, second] = placement === 'same' ? [allowed[0], allowed[0]] : allowed;
  return first === undefined || second === undefined ? undefined : [first, second];
}

/** The cores that the kernel lets this process run on. */
export function allowedCores(): number[] {
  const [, list = ''] = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return parseCoreList(list);
}

/** Parses a list in the kernel's form: `0-3,8`. */
export function parseCoreList(list: string): number[] {
  return list
    .split(',')
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [first = NaN, last = first] = part.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
}

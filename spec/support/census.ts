/** Counts what this process holds of the machine, and compares it with an earlier count. */
import { descriptorKinds } from './fds.js';
import { objectMappings } from './mappings.js';
import { isLiving, markedProcesses } from './processes.js';
import { brokerSockets } from './sockets.js';
import { threadNames } from './threads.js';

export interface Census {
  descriptors: Map<string, number>;
  threads: Map<string, number>;
  mappings: number;
  /** Pids of processes that this one has started. */
  processes: number[];
  /** Addresses at which this process listens, or a process that has ended. */
  sockets: string[];
}

export function takeCensus(mark: string): Census {
  return {
    descriptors: descriptorKinds(),
    threads: countByName(threadNames()),
    mappings: objectMappings().length,
    processes: markedProcesses(mark),
    sockets: brokerSockets()
      .filter(({ pid }) => pid === process.pid || !isLiving(pid))
      .map(({ address }) => address),
  };
}

/** One line for each kind of thing of which `after` has more. */
export function leaksBetween(before: Census, after: Census): string[] {
  const leaks = [
    ...moreOf('descriptor', before.descriptors, after.descriptors),
    ...moreOf('thread', before.threads, after.threads),
    ...newOf('process', before.processes, after.processes),
    ...newOf('socket', before.sockets, after.sockets),
  ];
  const mappings = after.mappings - before.mappings;
  return mappings > 0 ? [...leaks, `${mappings} mappings of memory objects`] : leaks;
}

function moreOf(what: string, before: Map<string, number>, after: Map<string, number>): string[] {
  return [...after]
    .map(([name, count]) => ({ name, surplus: count - (before.get(name) ?? 0) }))
    .filter(({ surplus }) => surplus > 0)
    .map(({ name, surplus }) => `${surplus} × ${what} ${name}`);
}

function newOf<T>(what: string, before: readonly T[], after: readonly T[]): string[] {
  return after.filter((item) => !before.includes(item)).map((item) => `${what} ${String(item)}`);
}

function countByName(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

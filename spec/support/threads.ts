/** The threads of a process, by their names in the kernel. */
import { readdirSync, readFileSync } from 'node:fs';

export function threadNames(): string[] {
  return readdirSync('/proc/self/task').flatMap(nameOf).sort();
}

/** True if a thread of that name sleeps in the kernel. */
export function isAsleep(name: string): boolean {
  return readdirSync('/proc/self/task').some((id) => nameOf(id).includes(name) && stateOf(id) === 'S');
}

/** The system calls that can sleep until something happens: the argument that says how long, and its value for "for ever". */
const ENDLESS_SLEEPS: Partial<Record<NodeJS.Architecture, Record<string, [argument: number, forEver: string]>>> = {
  x64: { 7: [2, '0xffffffff'], 232: [3, '0xffffffff'], 281: [3, '0xffffffff'] }, // poll, epoll_wait, epoll_pwait
  arm64: { 22: [3, '0xffffffff'], 73: [2, '0x0'] }, // epoll_pwait, ppoll
};

/** The threads of a process that are awake, or will wake by themselves. */
export function restlessThreads(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    const name = readFileSync(`/proc/${pid}/task/${thread}/comm`, 'utf8').trimEnd();
    return sleepsForEver(readFileSync(`/proc/${pid}/task/${thread}/syscall`, 'utf8')) ? [] : [name];
  });
}

/** @param line number and arguments of a system call, from /proc; `running` if the thread is not in one. */
function sleepsForEver(line: string): boolean {
  const [number = '', ...args] = line.split(' ');
  const [argument, forEver] = ENDLESS_SLEEPS[process.arch]?.[number] ?? [];
  return argument !== undefined && args[argument] === forEver;
}

/** The cores on which each thread of this process may run, by its name. */
export function coresOfThreads(): Record<string, number[]> {
  const threads = readdirSync('/proc/self/task').map((id) => readFileSync(`/proc/self/task/${id}/status`, 'utf8'));
  return Object.fromEntries(
    threads.map((status) => [fieldOf(status, 'Name'), listOf(fieldOf(status, 'Cpus_allowed_list'))]),
  );
}

function fieldOf(status: string, name: string): string {
  return new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
}

/** `0-2,5` is 0, 1, 2 and 5. */
function listOf(ranges: string): number[] {
  return ranges.split(',').flatMap((range) => {
    const [first = NaN, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

function nameOf(threadId: string): string[] {
  const name = fileOf(threadId, 'comm');
  return name === undefined ? [] : [name.trimEnd()];
}

function stateOf(threadId: string): string | undefined {
  return /^State:\s*(\w)/m.exec(fileOf(threadId, 'status') ?? '')?.[1];
}

/** Undefined if the thread has ended since it was listed. */
function fileOf(threadId: string, file: string): string | undefined {
  try {
    return readFileSync(`/proc/self/task/${threadId}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}

/** How much memory each process has, as the kernel counts it. */
import { readFileSync } from 'node:fs';

export interface MemoryUse {
  /** The shared memory that each of the two processes maps. */
  source: number;
  claimer: number;
  /** All memory that the two have filled. */
  both: number;
  /** All memory that any process has filled. Shared memory counts once. */
  machine: number;
}

export function memoryUse(sourcePid: number): MemoryUse {
  const [source, claimer] = [mappedBytes(sourcePid), mappedBytes(process.pid)];
  const both = source + claimer + privateBytes(sourcePid) + privateBytes(process.pid);
  return { source, claimer, both, machine: bytesIn('/proc/meminfo', 'AnonPages') + bytesIn('/proc/meminfo', 'Shmem') };
}

function mappedBytes(pid: number): number {
  return bytesIn(`/proc/${pid}/status`, 'RssShmem');
}

function privateBytes(pid: number): number {
  return bytesIn(`/proc/${pid}/status`, 'RssAnon');
}

function bytesIn(path: string, name: string): number {
  const [, kibibytes] = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(path, 'utf8')) ?? [];
  if (kibibytes === undefined) throw new Error(`${path} does not tell ${name}`);
  return Number(kibibytes) * 1024;
}

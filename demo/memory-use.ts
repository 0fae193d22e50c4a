/** Who has how much memory, as the kernel counts it. */
import { readFileSync } from 'node:fs';

export interface MemoryUse {
  /** What each of the two maps of memory that can be shared. */
  source: number;
  claimer: number;
  /** All that the two have filled. */
  both: number;
  /** All that everybody has filled, whoever maps it: what is shared counts once. */
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

/** Who has how much memory, as the kernel counts it. */
import { readFileSync } from 'node:fs';

export interface MemoryUse {
  source: number;
  claimer: number;
  machine: number;
}

export function memoryUse(sourcePid: number): MemoryUse {
  return { source: mappedBytes(sourcePid), claimer: mappedBytes(process.pid), machine: machineBytes() };
}

/** What a process has in its page table of memory that can be shared. */
function mappedBytes(pid: number): number {
  return bytesIn(`/proc/${pid}/status`, 'RssShmem');
}

/** All that the machine's processes have filled, whoever maps it: what is shared counts once. */
function machineBytes(): number {
  return bytesIn('/proc/meminfo', 'AnonPages') + bytesIn('/proc/meminfo', 'Shmem');
}

function bytesIn(path: string, name: string): number {
  const [, kibibytes] = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(path, 'utf8')) ?? [];
  if (kibibytes === undefined) throw new Error(`${path} does not tell ${name}`);
  return Number(kibibytes) * 1024;
}

/** How much memory is taken by the memory objects of the whole system. */
import { readFileSync } from 'node:fs';

export function sharedMemoryBytes(): number {
  const [, kibibytes] = /^Shmem:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? [];
  return Number(kibibytes) * 1024;
}

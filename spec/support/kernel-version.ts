import { release } from 'node:os';

export function isKernelFrom(major: number, minor: number): boolean {
  const [running = 0, runningMinor = 0] = release().split('.').map(Number);
  return running > major || (running === major && runningMinor >= minor);
}

/** What ends a process that touches supplied memory which nobody could bring: before UFFDIO_POISON, mprotect forbids it. */
export const SIGNAL_OF_FAILED_MEMORY = isKernelFrom(6, 6) ? 'SIGBUS' : 'SIGSEGV';

/** The C program beside which pulling is measured. */
import { execFileSync } from 'node:child_process';
import { buildPeer } from './build.js';

let program = '';

export type CopyMode = 'copy' | 'copy-punch' | 'move';

export function buildUffdCopy(): void {
  program = buildPeer('uffd_copy');
}

/** Returns milliseconds. Throws if the kernel cannot do that. */
export function runUffdCopy(mode: CopyMode, byteLength: number, windowBytes: number): number {
  return Number(execFileSync(program, [mode, String(byteLength), String(windowBytes)], { encoding: 'utf8' }));
}

/** Whether this kernel and this process can do that. */
export function canUffdCopy(mode: CopyMode, windowBytes: number): boolean {
  try {
    runUffdCopy(mode, windowBytes, windowBytes);
    return true;
  } catch {
    return false;
  }
}

/** Touches fresh huge pages and gives them back, so that the next process does not wait for the machine's host. */
export function warmUpMemory(byteLength: number): void {
  execFileSync(program, ['warm', String(byteLength), '0']);
}

/** The C program beside which pulling is measured. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

const SOURCE = join('bench', 'peers', 'uffd_copy.c');
const PROGRAM = join('out', 'bench', 'uffd_copy');

export type CopyMode = 'copy' | 'copy-punch' | 'move';

/** With the compiler that built the addon. */
export function buildUffdCopy(): void {
  mkdirSync(dirname(PROGRAM), { recursive: true });
  execFileSync(process.env['CC'] ?? 'cc', ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-o', PROGRAM, SOURCE], {
    stdio: 'inherit',
  });
}

/** Milliseconds. Throws where the kernel cannot do that. */
export function runUffdCopy(mode: CopyMode, byteLength: number, windowBytes: number): number {
  return Number(execFileSync(PROGRAM, [mode, String(byteLength), String(windowBytes)], { encoding: 'utf8' }));
}

/** Whether this kernel can put a huge page in place. */
export function canMove(windowBytes: number): boolean {
  try {
    runUffdCopy('move', windowBytes, windowBytes);
    return true;
  } catch {
    return false;
  }
}

/** Touches fresh huge pages and gives them back, so that the next to ask does not wait for the machine's host. */
export function warmUpMemory(byteLength: number): void {
  execFileSync(PROGRAM, ['warm', String(byteLength), '0']);
}

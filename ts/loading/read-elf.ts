/** Reads the ELF headers of files on this machine. A file that cannot be read counts as no ELF file. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ELF_START_BYTES, interpreterOf, machineOf, mappedEndOf } from './elf-file.js';

/** Whether this program was linked for a C library other than glibc, such as Alpine's musl. False if nothing tells. */
export function hasOtherLibc(): boolean {
  return interpreterOf(readStart('/proc/self/exe').start)?.includes('/ld-musl-') ?? false;
}

/** The processor that a file is for; undefined if it is no ELF file. */
export function readMachine(path: string): string | undefined {
  return machineOf(readStart(path).start);
}

/** Whether the end of a file is missing. The dynamic linker does not check: it maps the file, and dies of SIGBUS. */
export function isCutOff(path: string): boolean {
  const { start, byteLength } = readStart(path);
  return mappedEndOf(start) > byteLength;
}

function readStart(path: string): { start: Uint8Array; byteLength: number } {
  const bytes = new Uint8Array(ELF_START_BYTES);
  let file;
  try {
    file = openSync(path, 'r');
    return { start: bytes.subarray(0, readSync(file, bytes)), byteLength: fstatSync(file).size };
  } catch {
    return { start: new Uint8Array(), byteLength: 0 };
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

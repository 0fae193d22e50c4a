/** The memory that this process has mapped. */
import { readFileSync } from 'node:fs';

export interface MemoryMapping {
  address: bigint;
  end: bigint;
  /** Such as `'rw-s'`. */
  permissions: string;
  inode: number;
  name: string;
}

const LINE = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) [0-9a-f]+ \S+ (\d+)\s*(.*)$/;

export function allMappings(): MemoryMapping[] {
  return readFileSync('/proc/self/maps', 'latin1').split('\n').flatMap(parseLine);
}

/** The mappings of the library's memory objects. */
export function objectMappings(): MemoryMapping[] {
  return allMappings().filter(({ name }) => name.startsWith('/memfd:vmoffer'));
}

export function mappingAt(address: bigint): MemoryMapping | undefined {
  return allMappings().find((mapping) => address >= mapping.address && address < mapping.end);
}

/** A figure of /proc/self/smaps, in bytes, for the mapping that holds the address. */
export function mappedBytes(address: bigint, field: string): number {
  return Number(/(\d+) kB/.exec(smapsField(address, field))?.[1]) * 1024;
}

/** The flags of the mapping that holds the address, two letters each; see VmFlags in proc(5). */
export function flagsOfMapping(address: bigint): string[] {
  return smapsField(address, 'VmFlags').split(/\s+/).slice(1).filter(Boolean);
}

/** The line of /proc/self/smaps; empty if there is none. */
function smapsField(address: bigint, field: string): string {
  const lines = readFileSync('/proc/self/smaps', 'latin1').split('\n');
  const from = lines.findIndex((line) => {
    const [mapping] = parseLine(line);
    return mapping !== undefined && address >= mapping.address && address < mapping.end;
  });
  return lines.slice(from).find((entry) => entry.startsWith(`${field}:`)) ?? '';
}

function parseLine(line: string): MemoryMapping[] {
  const [, first = '', end = '', permissions = '', inode, name = ''] = LINE.exec(line) ?? [];
  if (inode === undefined) return [];
  return [{ address: BigInt(`0x${first}`), end: BigInt(`0x${end}`), permissions, inode: Number(inode), name }];
}

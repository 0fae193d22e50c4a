/** ELF files for specs: made-up ones, and real ones with a change. */
import { readFileSync } from 'node:fs';

const INTERPRETER_OFFSET = 0x200;

/** The start of a 64-bit little-endian ELF file. */
export function elfStart(machine: number, interpreter?: string): Buffer {
  const bytes = Buffer.alloc(1024);
  bytes.write('\x7fELF', 'latin1');
  bytes.set([2, 1, 1], 4);
  bytes.writeUInt16LE(machine, 18);
  if (interpreter === undefined) return bytes;
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(2, 56);
  bytes.writeUInt32LE(6, 64);
  bytes.writeUInt32LE(3, 64 + 56);
  bytes.writeBigUInt64LE(BigInt(INTERPRETER_OFFSET), 64 + 56 + 8);
  bytes.writeBigUInt64LE(BigInt(interpreter.length + 1), 64 + 56 + 32);
  bytes.write(interpreter, INTERPRETER_OFFSET);
  return bytes;
}

/** A copy of the file for another machine: s390x, which the library does not support. */
export function forAnotherMachine(path: string): Buffer {
  const bytes = readFileSync(path);
  bytes.writeUInt16LE(22, 18);
  return bytes;
}

/** A copy of the file in which each string that ends like `name` is replaced by one of the same length. */
export function withRenamed(path: string, name: string, renamed: string): Buffer {
  if (name.length !== renamed.length) throw new Error(`'${renamed}' is not as long as '${name}'`);
  const bytes = readFileSync(path);
  const from = Buffer.from(`${name}\0`);
  let count = 0;
  for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + 1), ++count) bytes.write(renamed, at);
  if (count === 0) throw new Error(`${path} has no '${name}'`);
  return bytes;
}

// Reads the dynamic symbols of a 64-bit ELF file with their versions: those that it needs and those that it exports.
import { readFileSync } from 'node:fs';

/**
 * `version` and `library` are empty for a symbol that has none. A symbol that is defined in several versions occurs several
 * times.
 * @typedef {{ name: string, version: string, library: string, isDefined: boolean, isWeak: boolean }} DynamicSymbol
 */

const SECTION = {
  symbols: 11,
  definedVersions: 0x6ffffffd,
  neededVersions: 0x6ffffffe,
  versions: 0x6fffffff,
};
const SYMBOL_BYTES = 24;
const LOCAL = 0;
const WEAK = 2;
const HIDDEN = 0x8000;

/** @param {Buffer} file */
function sectionsOf(file) {
  const start = Number(file.readBigUInt64LE(0x28));
  const size = file.readUInt16LE(0x3a);
  return Array.from({ length: file.readUInt16LE(0x3c) }, (_, index) => {
    const header = file.subarray(start + index * size, start + (index + 1) * size);
    const offset = Number(header.readBigUInt64LE(0x18));
    const isEmpty = header.readUInt32LE(4) === 8;
    return {
      type: header.readUInt32LE(4),
      link: header.readUInt32LE(0x28),
      bytes: isEmpty ? Buffer.alloc(0) : file.subarray(offset, offset + Number(header.readBigUInt64LE(0x20))),
    };
  });
}

/** @param {Buffer} names @param {number} offset */
function textAt(names, offset) {
  return names.toString('latin1', offset, names.indexOf(0, offset));
}

/**
 * Walks a linked list of records. Each record has the distance of the next one.
 * @param {Buffer} bytes @param {number} start @param {number} nextAt the offset of that distance in a record
 */
function* chain(bytes, start, nextAt) {
  for (let at = start, step = 1; step !== 0 && at < bytes.length; at += step) {
    step = bytes.readUInt32LE(at + nextAt);
    yield at;
  }
}

/** @param {{ bytes: Buffer } | undefined} section @param {Buffer} names @param {Map<number, {version: string, library: string}>} versions */
function addNeeded(section, names, versions) {
  if (!section) return;
  for (const need of chain(section.bytes, 0, 12)) {
    const library = textAt(names, section.bytes.readUInt32LE(need + 4));
    for (const entry of chain(section.bytes, need + section.bytes.readUInt32LE(need + 8), 12)) {
      const version = textAt(names, section.bytes.readUInt32LE(entry + 8));
      versions.set(section.bytes.readUInt16LE(entry + 6) & ~HIDDEN, { version, library });
    }
  }
}

/** @param {{ bytes: Buffer } | undefined} section @param {Buffer} names @param {Map<number, {version: string, library: string}>} versions */
function addDefined(section, names, versions) {
  if (!section) return;
  for (const definition of chain(section.bytes, 0, 16)) {
    const name = definition + section.bytes.readUInt32LE(definition + 12);
    const version = textAt(names, section.bytes.readUInt32LE(name));
    versions.set(section.bytes.readUInt16LE(definition + 4), { version, library: '' });
  }
}

/**
 * `neededVersions` may name versions that no symbol has.
 * @param {string} path
 * @returns {{ machine: number, neededVersions: string[], symbols: DynamicSymbol[] }}
 */
export function readElf(path) {
  const file = readFileSync(path);
  if (file.toString('latin1', 0, 5) !== '\x7fELF\x02') throw new Error(`${path} is no 64-bit ELF file`);
  const sections = sectionsOf(file);
  const find = (/** @type {number} */ type) => sections.find((section) => section.type === type);
  const table = find(SECTION.symbols);
  if (!table) throw new Error(`${path} has no dynamic symbols`);
  const names = sections[table.link].bytes;
  const versions = new Map([
    [0, { version: '', library: '' }],
    [1, { version: '', library: '' }],
  ]);
  addNeeded(find(SECTION.neededVersions), names, versions);
  const neededVersions = [...versions.values()].map(({ version }) => version).filter((version) => version !== '');
  addDefined(find(SECTION.definedVersions), names, versions);
  const numbers = find(SECTION.versions)?.bytes;

  const symbols = [];
  for (let index = 1; index < table.bytes.length / SYMBOL_BYTES; index++) {
    const symbol = table.bytes.subarray(index * SYMBOL_BYTES, (index + 1) * SYMBOL_BYTES);
    const binding = symbol.readUInt8(4) >> 4;
    if (binding === LOCAL) continue; // a section
    const number = numbers ? numbers.readUInt16LE(index * 2) & ~HIDDEN : 0;
    symbols.push({
      name: textAt(names, symbol.readUInt32LE(0)),
      ...(versions.get(number) ?? { version: '', library: '' }),
      isDefined: symbol.readUInt16LE(6) !== 0,
      isWeak: binding === WEAK,
    });
  }
  return { machine: file.readUInt16LE(0x12), neededVersions, symbols };
}

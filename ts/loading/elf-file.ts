/** Reads from the first bytes of an ELF file its machine, its dynamic linker, and its least length. Touches no file. */

/** e_machine, by the name that Node gives the processor in `process.arch`. */
const MACHINES: Readonly<Record<number, string>> = {
  3: 'ia32',
  8: 'mips',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'x64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
};

const CLASS_64 = 2;
const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const PT_LOAD = 1;
const PT_INTERP = 3;
/** How many bytes from the start of a file the functions here need. */
export const ELF_START_BYTES = 4096;

/** The processor that an ELF file is for, or undefined if the bytes are no ELF header. */
export function machineOf(start: Uint8Array): string | undefined {
  if (!isElf(start)) return undefined;
  const code = viewOf(start).getUint16(18, isLittleEndian(start));
  return MACHINES[code] ?? `machine ${code}`;
}

/** The path of the dynamic linker that a 64-bit program names, or undefined if these bytes name none. */
export function interpreterOf(start: Uint8Array): string | undefined {
  const segment = segmentsOf(start).find(({ type }) => type === PT_INTERP);
  if (segment === undefined || segment.end > start.byteLength) return undefined;
  return Buffer.from(start.subarray(segment.begin, segment.end - 1)).toString();
}

/** How long a 64-bit file must be so that all of it can be mapped. 0 if these bytes do not tell. */
export function mappedEndOf(start: Uint8Array): number {
  const loaded = segmentsOf(start).filter(({ type }) => type === PT_LOAD);
  return Math.max(0, ...loaded.map(({ end }) => end));
}

interface Segment {
  type: number;
  /** In the file. */
  begin: number;
  end: number;
}

/** The segments whose headers are in these bytes. */
function segmentsOf(start: Uint8Array): Segment[] {
  if (!isElf(start) || start[4] !== CLASS_64) return [];
  const view = viewOf(start);
  const isLittle = isLittleEndian(start);
  const table = Number(view.getBigUint64(32, isLittle));
  const segments: Segment[] = [];
  for (let i = 0; i < view.getUint16(56, isLittle); ++i) {
    const entry = table + i * PROGRAM_HEADER_BYTES;
    if (entry + PROGRAM_HEADER_BYTES > start.byteLength) break;
    const begin = Number(view.getBigUint64(entry + 8, isLittle));
    const end = begin + Number(view.getBigUint64(entry + 32, isLittle));
    segments.push({ type: view.getUint32(entry, isLittle), begin, end });
  }
  return segments;
}

function isElf(start: Uint8Array): boolean {
  return start.byteLength >= HEADER_BYTES && Buffer.from(start.subarray(0, 4)).toString('latin1') === '\x7fELF';
}

function isLittleEndian(start: Uint8Array): boolean {
  return start[5] === 1;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

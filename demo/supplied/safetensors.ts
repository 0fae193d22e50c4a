/**
 * The safetensors format: the length of a header (64 bits, little-endian), the header (JSON), and the tensors' bytes. The
 * header says where each tensor lies, counted from the header's end.
 */
import { Failure } from '../failure.js';

/** The types that the demo's models have. */
const BYTES_OF = { F32: 4, I32: 4, U8: 1 } as const;

export type TensorType = keyof typeof BYTES_OF;

export interface Tensor {
  dtype: TensorType;
  shape: number[];
  /** From where to where its bytes lie in the file. */
  begin: number;
  end: number;
}

export type Tensors = Record<string, Pick<Tensor, 'dtype' | 'shape'>>;

export const LENGTH_BYTES = 8;
/** The format's own limit. */
const MOST_HEADER_BYTES = 100_000_000;
const ALIGNMENT = 8;

/** How many bytes of the file its header has with its length. Reads the first 8. */
export function headerBytesOf(start: Uint8Array): number {
  const view = new DataView(start.buffer, start.byteOffset, LENGTH_BYTES);
  const byteLength = view.getBigUint64(0, true);
  if (byteLength > MOST_HEADER_BYTES) throw new Failure(`a safetensors header has no ${byteLength} bytes.`);
  return LENGTH_BYTES + Number(byteLength);
}

/** What a file has, from its first bytes, at least as many as headerBytesOf() says. */
export function readHeader(start: Uint8Array): Map<string, Tensor> {
  const headerBytes = headerBytesOf(start);
  const text = new TextDecoder('utf-8', { fatal: true }).decode(start.slice(LENGTH_BYTES, headerBytes));
  const entries = Object.entries(JSON.parse(text) as Record<string, unknown>).filter(
    ([name]) => name !== '__metadata__',
  );
  return new Map(entries.map(([name, entry]) => [name, tensorOf(name, entry, headerBytes)]));
}

function tensorOf(name: string, entry: unknown, headerBytes: number): Tensor {
  const { dtype, shape, data_offsets: offsets } = entry as Record<string, unknown>;
  if (typeof dtype !== 'string' || !(dtype in BYTES_OF) || !isSizes(shape) || !isSizes(offsets)) {
    throw new Failure(`the tensor ${name} is not described as the format says.`);
  }
  const type = dtype as TensorType;
  const [begin = 0, end = 0] = offsets;
  if (end - begin !== byteLengthOf({ dtype: type, shape })) throw new Failure(`the tensor ${name} has another length.`);
  return { dtype: type, shape, begin: headerBytes + begin, end: headerBytes + end };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

export function byteLengthOf({ dtype, shape }: Pick<Tensor, 'dtype' | 'shape'>): number {
  return shape.reduce((product, size) => product * size, BYTES_OF[dtype]);
}

/** The start of a file with these tensors, one behind the other. */
export function writeHeader(tensors: Tensors): Uint8Array {
  let at = 0;
  const header: Record<string, object> = { __metadata__: { format: 'pt' } };
  for (const [name, tensor] of Object.entries(tensors)) {
    const end = at + byteLengthOf(tensor);
    header[name] = { ...tensor, data_offsets: [at, end] };
    at = end;
  }
  const text = Buffer.from(JSON.stringify(header));
  const byteLength = Math.ceil(text.length / ALIGNMENT) * ALIGNMENT;
  const start = Buffer.alloc(LENGTH_BYTES + byteLength, ' ');
  start.writeBigUInt64LE(BigInt(byteLength));
  text.copy(start, LENGTH_BYTES);
  return start;
}

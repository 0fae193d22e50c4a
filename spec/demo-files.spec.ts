import { tableFromIPC } from 'apache-arrow';
import { expect } from 'chai';
import { readFlights, sumOfDelays, type Flights } from '../demo/flights.js';
import { Failure } from '../demo/failure.js';
import { checkLayer, makeModel, nameOf, readTensors, type ReadRange } from '../demo/supplied/model.js';
import { RangeServer } from '../demo/supplied/range-server.js';
import { headerBytesOf, readHeader, writeHeader } from '../demo/supplied/safetensors.js';
import { makeTableFile, placeOfColumn } from '../demo/supplied/table-file.js';
import { httpRange } from '#ts/supply/suppliers/http-range.js';
import { load } from './support/supplies.js';

const MIB = 1 << 20;
const UNIT = 65_536;

describe('the safetensors reader of the demo', () => {
  function fileOf(header: object, text = JSON.stringify(header)): Uint8Array {
    const start = Buffer.alloc(8 + text.length);
    start.writeBigUInt64LE(BigInt(text.length));
    start.write(text, 8);
    return start;
  }

  it('finds the tensors, in whatever order the header names them', () => {
    const start = fileOf({
      b: { dtype: 'U8', shape: [3], data_offsets: [8, 11] },
      __metadata__: { format: 'pt' },
      a: { dtype: 'F32', shape: [1, 2], data_offsets: [0, 8] },
      scalar: { dtype: 'I32', shape: [], data_offsets: [11, 15] },
    });
    expect(headerBytesOf(start)).to.equal(start.length);
    const end = start.length;
    expect([...readHeader(Buffer.concat([start, Buffer.alloc(15)]))]).to.deep.equal([
      ['b', { dtype: 'U8', shape: [3], begin: end + 8, end: end + 11 }],
      ['a', { dtype: 'F32', shape: [1, 2], begin: end, end: end + 8 }],
      ['scalar', { dtype: 'I32', shape: [], begin: end + 11, end: end + 15 }],
    ]);
  });

  it('reads what the writer writes, aligned', () => {
    const start = writeHeader({ a: { dtype: 'U8', shape: [5] }, b: { dtype: 'F32', shape: [2, 2] } });
    expect(start.length % 8).to.equal(0);
    const { a, b } = Object.fromEntries(readHeader(start));
    expect(a).to.include({ begin: start.length, end: start.length + 5 });
    expect(b).to.include({ begin: start.length + 5, end: start.length + 21 });
  });

  for (const [what, tensor] of [
    ['of an unknown type', { dtype: 'F8', shape: [1], data_offsets: [0, 1] }],
    ['without a shape', { dtype: 'U8', data_offsets: [0, 1] }],
    ['with a negative size', { dtype: 'U8', shape: [-1], data_offsets: [0, 1] }],
    ['without a place', { dtype: 'U8', shape: [1] }],
    ['that is longer than its shape', { dtype: 'U8', shape: [1], data_offsets: [0, 2] }],
  ] as const) {
    it(`refuses a tensor ${what}`, () => {
      expect(() => readHeader(fileOf({ x: tensor }))).to.throw(Failure, /the tensor x/);
    });
  }

  it('refuses a header without end', () => {
    expect(() => headerBytesOf(Buffer.alloc(8, 0xff))).to.throw(Failure, 'has no 18446744073709551615 bytes');
  });
});

describe('the model of the demo', () => {
  const model = makeModel(MIB);
  const read: ReadRange = (offset, byteLength) => Promise.resolve(model.slice(offset, offset + byteLength));

  it('has layers whose every weight can be checked', async () => {
    const tensors = await readTensors(read);
    expect([...tensors.keys()]).to.deep.equal(Array.from({ length: 32 }, (_, layer) => nameOf(layer)));
    for (const layer of [0, 7, 31]) expect(await checkLayer(tensors, layer, read)).to.equal(MIB / 32 / 4);
  });

  it('has no layer that passes for another, and none with a wrong bit', async () => {
    const tensors = await readTensors(read);
    const [third, fourth] = [tensors.get(nameOf(3)), tensors.get(nameOf(4))];
    if (!third || !fourth) expect.fail('the layers are missing');
    const failure = (error: unknown) => error as Error;
    const swapped = new Map([[nameOf(3), fourth]]);
    expect(await checkLayer(swapped, 3, read).catch(failure)).to.be.instanceOf(Failure);
    const flipped: ReadRange = async (offset, byteLength) => {
      const bytes = await read(offset, byteLength);
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      return bytes;
    };
    expect(await checkLayer(tensors, 3, flipped).catch(failure)).to.be.instanceOf(Failure);
    expect(await checkLayer(tensors, 99, read).catch(failure)).to.be.instanceOf(Failure);
  });

  it('crosses HTTP in the units that are needed for two layers, and no more', async () => {
    const path = `\0vmoffer-spec-model-${process.pid}`;
    const served = {
      byteLength: model.length,
      etag: '"m"',
      read: (first: number, end: number) => model.subarray(first, end),
    };
    await using server = await RangeServer.start(path, served);
    await using object = await load(httpRange('http://store.test/model', { socketPath: path }));
    const units = new Map<number, Uint8Array>();
    const byUnits: ReadRange = async (offset, byteLength) => {
      for (let at = offset - (offset % UNIT); at < offset + byteLength; at += UNIT) {
        if (!units.has(at)) units.set(at, await object.fill(at, Math.min(UNIT, model.length - at)));
      }
      const first = offset - (offset % UNIT);
      const parts = [...units].filter(([at]) => at >= first && at < offset + byteLength).sort(([a], [b]) => a - b);
      return new Uint8Array(Buffer.concat(parts.map(([, part]) => part))).slice(
        offset - first,
        offset - first + byteLength,
      );
    };
    const tensors = await readTensors(byUnits);
    for (const layer of [5, 20]) await checkLayer(tensors, layer, byUnits);
    expect(server.requestCount).to.equal(1 + units.size);
    expect(server.bytesSent).to.be.within(2 * (MIB / 32), 6 * UNIT);
  });
});

describe('the table of the demo', () => {
  it('is a file that apache-arrow opens, with its columns in one piece each', () => {
    const { bytes, rowCount, sumOfDelays: sum } = makeTableFile(readFlights(), 2);
    const memory = new Uint8Array(new ArrayBuffer(bytes.length));
    memory.set(bytes);
    const table = tableFromIPC<Flights>(memory);
    expect(table.numRows).to.equal(rowCount);
    expect(sumOfDelays(table)).to.equal(sum);
    const { offset, byteLength } = placeOfColumn(table, 'delay');
    expect(byteLength).to.equal(2 * rowCount);
    const column = new Int16Array(memory.buffer, offset, rowCount);
    expect(column.reduce((total, delay) => total + delay, 0)).to.equal(sum);
  });
});

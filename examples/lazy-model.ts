/**
 * Two processes use a model in the safetensors format, of which only what they touch is read, once for both. The model is a file,
 * or an object on an HTTP server. Without one this makes its own: node out/js/examples/lazy-model.js [PATH or URL]
 */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { capabilities, fileRange, httpLength, httpRange, incomingOffers, supply, VMO_GRANT_R, vmOffer } from 'vmoffer';

const READERS = 2;
const SAMPLE_BYTES = 64 << 20;

interface Tensor {
  dtype: string;
  shape: number[];
  data_offsets: [begin: number, end: number];
}

/** The smallest model there is: a header, and one tensor of zeros and a one. */
function makeSample(path: string): void {
  const embed: Tensor = { dtype: 'U8', shape: [SAMPLE_BYTES], data_offsets: [0, SAMPLE_BYTES] };
  const header = Buffer.from(JSON.stringify({ embed }));
  const model = Buffer.alloc(8 + header.length + SAMPLE_BYTES);
  model.writeBigUInt64LE(BigInt(header.length));
  header.copy(model, 8);
  model[8 + header.length] = 1;
  writeFileSync(path, model);
}

async function describe(model: string) {
  if (!/^https?:/.test(model)) return { byteLength: statSync(model).size, supplier: fileRange(model) };
  const { byteLength, etag } = await httpLength(model);
  return { byteLength, supplier: httpRange(model, etag === undefined ? {} : { etag }) };
}

async function serve(model: string): Promise<void> {
  const { byteLength, supplier } = await describe(model);
  const { pageSize } = capabilities();
  using region = supply(Math.ceil(byteLength / pageSize) * pageSize, { supplier });
  const offers = Array.from({ length: READERS }, () => {
    const reader = fork(import.meta.filename, ['--read', String(process.pid)]);
    return vmOffer(reader.pid ?? 0, region, VMO_GRANT_R);
  });
  await Promise.all(offers.map(({ released }) => released));
  const read = region.stats().unitsSupplied * region.unit;
  console.log(`${read >> 10} KiB of ${byteLength >> 10} KiB were read, for ${READERS} processes`);
}

async function read(sourcePid: number): Promise<void> {
  for await (const offer of incomingOffers({ from: sourcePid })) {
    using claim = await offer.claim();
    using _start = await claim.ensure(0, 8);
    const headerEnd = 8 + Number(new DataView(claim.buffer).getBigUint64(0, true));
    using _header = await claim.ensure(0, headerEnd);
    const text = new TextDecoder().decode(claim.view(8, headerEnd - 8));
    const header = JSON.parse(text) as Record<string, Tensor>;
    const [name = '', tensor] = Object.entries(header).find(([key]) => key !== '__metadata__') ?? [];
    if (!tensor) return;
    const begin = headerEnd + tensor.data_offsets[0];
    using _first = await claim.ensure(begin, 1);
    console.log(
      `${name} has ${tensor.shape.join(' x ')} of ${tensor.dtype}; its first byte is ${claim.view(begin, 1)[0]}`,
    );
    return;
  }
}

const [model, sourcePid] = process.argv.slice(2);
if (model === '--read') {
  await read(Number(sourcePid));
} else if (model === undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'lazy-model-'));
  makeSample(join(folder, 'model.safetensors'));
  await serve(join(folder, 'model.safetensors')).finally(() => {
    rmSync(folder, { recursive: true });
  });
} else {
  await serve(model);
}

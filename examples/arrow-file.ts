/**
 * Hands a file with its index at the end, such as an Arrow, Parquet or zip file, to another process. Memory is offered in whole
 * pages, so the other process gets the length of the file with the address: node out/js/examples/arrow-file.js
 */
import { tableFromArrays, tableFromIPC, tableToIPC } from 'apache-arrow';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { allocate, capabilities, VMO_GRANT_R, vmClaim, vmOffer } from 'vmoffer';

interface Notice {
  address: string;
  byteLength: number;
}

async function write(): Promise<void> {
  const file = tableToIPC(tableFromArrays({ city: ['Oslo', 'Lima'], height: [23, 161] }), 'file');
  const { pageSize } = capabilities();
  using region = allocate(Math.ceil(file.byteLength / pageSize) * pageSize);
  region.view().set(file);
  const reader = fork(import.meta.filename, ['read']);
  const offer = vmOffer(reader.pid ?? 0, region, VMO_GRANT_R);
  reader.send({ address: String(offer.address), byteLength: file.byteLength } satisfies Notice);
  await offer.released;
}

async function read(): Promise<void> {
  const [{ address, byteLength }] = (await once(process, 'message')) as [Notice];
  using claim = await vmClaim(process.ppid, BigInt(address));
  const table = tableFromIPC(claim.view(0, byteLength)); // the file, and not the zeros behind it
  console.log(`${table.numRows} rows: ${table.toArray().join(', ')}`);
  process.disconnect();
}

await (process.argv[2] === 'read' ? read() : write());

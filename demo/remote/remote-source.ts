/** The first host: has a table and a gigabyte, and offers them to the second. The argument is the server's address. */
import { makeTable, tableToIPC } from 'apache-arrow';
import { randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import {
  allocate,
  capabilities,
  vmOffer,
  VMO_DISOWN,
  VMO_DROP_W,
  VMO_GRANT_R,
  VMO_GRANT_W,
  type Region,
} from 'vmoffer';
import type { Cluster } from 'vmoffer-cluster';
import { Checksum } from '../checksum.js';
import { runProgram } from '../failure.js';
import { count, megabytes, say } from '../say.js';
import { windowsOf } from '../windows.js';
import { joinAs } from './joining.js';

const ROWS = 10_000_000;
const GIB = 1 << 30;
const WINDOW_BYTES = 1 << 24;

export interface SourceSays {
  table: { byteLength: number; columnBytes: number; sum: number };
  'handed off': { checksum: string };
}

async function main(): Promise<void> {
  const { region, byteLength, sum } = makeTableMemory();
  tell('table', { byteLength, columnBytes: ROWS * Float64Array.BYTES_PER_ELEMENT, sum });
  await using cluster = await joinAs('host-a', process.argv[2] ?? '');
  say('source', `I am ${cluster.self}. I have a table of ${count(ROWS)} rows and 4 columns, ${megabytes(byteLength)}.`);
  await once(process, 'message');
  const offer = vmOffer(cluster.peer('host-b'), region, VMO_GRANT_R | VMO_DROP_W);
  await offer.released;
  await once(process, 'message');
  await handOff(cluster);
  await once(process, 'disconnect');
}

function makeTableMemory(): { region: Region; byteLength: number; sum: number } {
  const column = (factor: number) => Float64Array.from({ length: ROWS }, (_, row) => (row * factor) % 1000);
  const table = makeTable({ first: column(3), second: column(7), third: column(11), fourth: column(13) });
  const bytes = tableToIPC(table, 'stream');
  const { pageSize } = capabilities();
  const region = allocate(Math.ceil(bytes.byteLength / pageSize) * pageSize);
  region.view(0, bytes.byteLength).set(bytes);
  const third = table.getChild('third')?.toArray() ?? new Float64Array(0);
  return { region, byteLength: bytes.byteLength, sum: third.reduce((sum, value) => sum + value, 0) };
}

async function handOff(cluster: Cluster): Promise<void> {
  const region = allocate(GIB);
  const checksum = new Checksum();
  for (const window of windowsOf(region, GIB, WINDOW_BYTES)) checksum.add(randomFillSync(window));
  say('source', `I hand off ${megabytes(GIB)} of random bytes. Once claimed they are not mine any more.`);
  const offer = vmOffer(cluster.peer('host-b'), region, VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN);
  const ending = await offer.claimed;
  say('source', `The offer is ${ending}, and my region is ${region.disowned ? 'disowned' : 'still mine'}.`);
  tell('handed off', { checksum: checksum.toString() });
}

function tell<Name extends keyof SourceSays>(name: Name, value: SourceSays[Name]): void {
  process.send?.([name, value]);
}

await runProgram(main);

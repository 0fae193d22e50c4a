/** Part 4, the source: two files on an HTTP server, which three processes open as memory. */
import { capabilities, httpRange, supply, type SuppliedRegion } from 'vmoffer';
import { expectSame, Failure } from '../failure.js';
import { readFlights } from '../flights.js';
import { handOver } from '../hand-over.js';
import { Letter } from '../letter.js';
import { count, megabytes, say } from '../say.js';
import { socketPath } from '../unix-socket.js';
import { makeModel } from './model.js';
import { RangeServer } from './range-server.js';
import { makeTableFile } from './table-file.js';

export interface SuppliedSaid {
  layers: number[];
  tableBytes: number;
  rowCount: number;
}

export interface SuppliedAnswer {
  weightCount: number;
  sumOfDelays: number;
}

const CLAIMERS = 3;
const LAYERS = [3, 17];
/** Two tensors and a column are an eighth; the rest is read-ahead that nobody needed. */
const MOST_SHARE = 1 / 2;

export async function supplyFiles(): Promise<void> {
  console.log('\n4. Files on a server: three processes open them, and what none of them reads stays there\n');
  const lack = whatIsLacking();
  if (lack !== undefined) {
    say('source', `Skipped: ${lack}`);
    return;
  }
  const table = makeTableFile(readFlights());
  const model = makeModel();
  await using modelServer = await serve('model', model);
  await using tableServer = await serve('table', table.bytes);
  using modelMemory = memoryOf(modelServer, model.length);
  using tableMemory = memoryOf(tableServer, table.bytes.length);
  say(
    'source',
    `An HTTP server has a model of ${megabytes(model.length)} and a table of ${megabytes(table.bytes.length)}.`,
  );
  say('source', `I supply both as memory: a page is fetched when somebody touches it.`);
  const said = { layers: LAYERS, tableBytes: table.bytes.length, rowCount: table.rowCount };
  const claimers = Array.from({ length: CLAIMERS }, () =>
    handOver('supplied/supplied-claimer', [modelMemory, tableMemory], Letter.write<SuppliedSaid, SuppliedAnswer>(said)),
  );
  for (const answer of await Promise.all(claimers))
    expectSame('the sum of the delays', table.sumOfDelays, answer.sumOfDelays);
  tellWhatCrossed([modelServer, tableServer], model.length + table.bytes.length);
}

/** Why the claimers, which are of the same user, would have to read all of it. */
function whatIsLacking(): string | undefined {
  const needed = capabilities().list.find(({ name }) => name === 'page faults');
  return needed === undefined || needed.available ? undefined : `${needed.cause}; ${needed.remedy}`;
}

/** On a UNIX socket: a machine may have no network. */
function serve(name: string, bytes: Uint8Array): Promise<RangeServer> {
  const read = (first: number, end: number) => bytes.subarray(first, end);
  return RangeServer.start(socketPath(name), { byteLength: bytes.length, etag: '"1"', read });
}

function memoryOf(server: RangeServer, byteLength: number): SuppliedRegion {
  const { pageSize } = capabilities();
  const supplier = httpRange('http://localhost/', { socketPath: server.socketPath, etag: '"1"' });
  return supply(Math.ceil(byteLength / pageSize) * pageSize, { supplier });
}

function tellWhatCrossed(servers: readonly RangeServer[], byteLength: number): void {
  const sent = servers.reduce((sum, { bytesSent }) => sum + bytesSent, 0);
  const requests = servers.reduce((sum, { requestCount }) => sum + requestCount, 0);
  const share = ((100 * sent) / byteLength).toFixed(0);
  say(
    'source',
    `${megabytes(sent)} of ${megabytes(byteLength)} (${share} %) have crossed HTTP, in ${count(requests)} requests,`,
  );
  say('source', `once for all ${CLAIMERS} processes.`);
  if (sent > MOST_SHARE * byteLength) throw new Failure(`${megabytes(sent)} are more than what was read, once.`);
}

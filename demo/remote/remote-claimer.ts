/** The second host: reads one column of the table that it is offered, and takes the gigabyte. */
import { tableFromIPC } from 'apache-arrow';
import { once } from 'node:events';
import { incomingOffers, type Claim } from 'vmoffer';
import { Checksum } from '../checksum.js';
import { runProgram } from '../failure.js';
import { count, megabytes, milliseconds, say } from '../say.js';
import { windowsOf } from '../windows.js';
import { joinAs } from './joining.js';

const WINDOW_BYTES = 1 << 24;

export interface ClaimerSays {
  joined: null;
  column: { sum: number };
  taken: { checksum: string; ms: number };
}

async function main(): Promise<void> {
  await using cluster = await joinAs('host-b', process.argv[2] ?? '');
  say('claimer', `I am ${cluster.self}, on the other host.`);
  tell('joined', null);
  for await (const offer of incomingOffers({ from: cluster })) {
    const start = performance.now();
    using claim = await offer.claim();
    const ms = performance.now() - start;
    say('claimer', `${offer.from} has offered ${megabytes(offer.byteLength)}; claimed in ${milliseconds(ms)}.`);
    if (offer.supplied) {
      readColumn(claim);
      continue;
    }
    const checksum = new Checksum();
    for (const window of windowsOf(claim, claim.byteLength, WINDOW_BYTES)) checksum.add(window);
    tell('taken', { checksum: checksum.toString(), ms });
    break;
  }
  await once(process, 'disconnect');
}

function readColumn(claim: Claim): void {
  const table = tableFromIPC(new Uint8Array(claim.buffer));
  const start = performance.now();
  let sum = 0;
  for (const { values } of table.getChild('third')?.data ?? []) {
    for (const value of values as Float64Array) sum += value;
  }
  const took = milliseconds(performance.now() - start);
  say(
    'claimer',
    `I have read the third of its columns, ${count(table.numRows)} rows, in ${took}. It sums up to ${count(sum)}.`,
  );
  tell('column', { sum });
}

function tell<Name extends keyof ClaimerSays>(name: Name, value: ClaimerSays[Name]): void {
  process.send?.([name, value]);
}

await runProgram(main);

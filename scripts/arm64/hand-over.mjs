// Two processes on an emulated machine: one claims memory that the other disowns. Arguments: the command that runs the other
// process in the same way as this one.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { allocate, vmClaim, VMO_DISOWN, VMO_GRANT_R, VMO_GRANT_W, vmOffer } from '../../dist/index.js';

const PAGES = 300;
const PAGE = 4096;

async function claim() {
  process.send('ready');
  const [{ pid, address }] = await once(process, 'message');
  const claimed = await vmClaim(pid, BigInt(address));
  const view = claimed.view();
  for (let page = 0; page < PAGES; page++) assert.equal(view[page * PAGE], page % 256);
  process.send(claimed.stats().paging ?? 'claimed');
  process.disconnect();
}

async function offer() {
  const [execPath, ...execArgv] = process.argv.slice(2);
  const region = allocate(PAGES * PAGE);
  const view = region.view();
  for (let page = 0; page < PAGES; page++) view[page * PAGE] = page % 256;
  const child = fork(fileURLToPath(import.meta.url), ['claim'], { execPath, execArgv });
  await once(child, 'message');
  const made = vmOffer(child.pid, region, VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN);
  child.send({ pid: process.pid, address: String(region.address) });
  const [[code]] = await Promise.all([once(child, 'exit'), made.claimed]);
  assert.equal(code, 0);
  console.log(`${process.arch}: ${PAGES} pages handed over`);
}

await (process.argv[2] === 'claim' ? claim() : offer());

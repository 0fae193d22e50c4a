/**
 * Claims from its own process and says where the claim lies. Told to 'touch', it reads one page after the other and
 * answers with each byte; told to 'write', it hands a page to the kernel on another thread, and goes on.
 */
import { openSync, unlinkSync, write } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { vmClaimSync } from 'vmoffer';

const { address } = workerData as { address: bigint };
const claim = vmClaimSync(process.pid, address, { paging: 'userfault' });
const bytes = new Uint8Array(claim.buffer);
let page = 40;

function openNamelessFile(): number {
  const path = join(tmpdir(), `vmoffer-spec-${process.pid}`);
  const descriptor = openSync(path, 'w');
  unlinkSync(path);
  return descriptor;
}

parentPort?.on('message', (command: 'touch' | 'write') => {
  const head = bytes.subarray(4096 * page, 4096 * page + 1);
  page++;
  if (command === 'touch') parentPort?.postMessage(head[0]);
  else write(openNamelessFile(), head, () => undefined);
});
parentPort?.postMessage(claim.address);

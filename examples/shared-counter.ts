/** Two processes count in one memory, without losing a step: node out/js/examples/shared-counter.js */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { allocate, capabilities, incomingOffers, VMO_GRANT_R, VMO_GRANT_W, vmOffer } from 'vmoffer';

const STEPS = 1_000_000;

function count(buffer: ArrayBuffer): void {
  const counter = new Int32Array(buffer);
  for (let step = 0; step < STEPS; step++) Atomics.add(counter, 0, 1);
}

async function countInMemoryOf(pid: number): Promise<void> {
  for await (const offer of incomingOffers({ from: pid })) {
    using claim = await offer.claim();
    count(claim.buffer);
    return;
  }
}

async function main(): Promise<void> {
  using region = allocate(capabilities().pageSize);
  const other = spawn(process.execPath, [fileURLToPath(import.meta.url), String(process.pid)], { stdio: 'inherit' });
  const offer = vmOffer(other.pid ?? 0, region, VMO_GRANT_R | VMO_GRANT_W);
  if ((await offer.claimed) !== 'claimed') throw new Error(`the offer was ${offer.state}`);
  count(region.buffer);
  await offer.released;
  console.log(`two processes counted to ${new Int32Array(region.buffer)[0]}`);
}

await (process.argv[2] === undefined ? main() : countInMemoryOf(Number(process.argv[2])));

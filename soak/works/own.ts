/** Works that need no other process: synchronous claims from this process, and threads that end while they hold memory. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { allocate, vmClaimSync, vmOffer, VMO_GRANT_R } from 'vmoffer';
import { differenceAt, fillAt, PAGE } from '../pattern.js';
import { count, expectSame, isCode, Wrong, type Scene } from '../scene.js';

const PAGES = 4;

export async function takeOwn(scene: Scene): Promise<void> {
  using region = allocate(PAGES * PAGE);
  fillAt(region.view(), process.pid, region.address);
  const offer = vmOffer(process.pid, region, VMO_GRANT_R);
  try {
    using claim = vmClaimSync(process.pid, region.address, { timeoutMs: 30_000 });
    expectSame('a claim from oneself', differenceAt(claim.view(), process.pid, region.address));
  } catch (error) {
    // The loop that claims every offer was faster.
    if (!isCode(error, 'ERR_VMO_NOT_OFFERED', 'ERR_VMO_BUSY')) throw error;
  }
  await offer.released;
  count(scene, 'claim from oneself');
}

export async function useThread(scene: Scene): Promise<void> {
  const worker = new Worker(new URL('../thread.js', import.meta.url), { workerData: scene.random.below(2 ** 31) });
  const [code] = (await once(worker, 'exit')) as [number];
  if (code !== 0) throw new Wrong(`a worker thread ended with code ${code}`);
  count(scene, 'thread');
}

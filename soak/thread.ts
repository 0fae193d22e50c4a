// A worker thread of a soaked process: it allocates, offers and claims, and ends without releasing anything.
import { workerData } from 'node:worker_threads';
import { allocate, vmClaim, vmOffer, VMO_GRANT_R } from 'vmoffer';
import { Random } from '../spec/support/random.js';
import { differenceAt, fillAt, PAGE } from './pattern.js';
import { expectSame, isCode } from './scene.js';

const TURNS = 8;

const random = new Random(workerData as number);
for (let turn = 0; turn < TURNS; turn++) {
  const region = allocate((1 + random.below(8)) * PAGE);
  fillAt(region.view(), process.pid, region.address);
  vmOffer(process.pid, region, VMO_GRANT_R);
  try {
    const claim = await vmClaim(process.pid, region.address, { timeoutMs: 30_000 });
    expectSame('a claim in a thread', differenceAt(claim.view(), process.pid, region.address));
  } catch (error) {
    if (!isCode(error, 'ERR_VMO_NOT_OFFERED', 'ERR_VMO_BUSY')) throw error;
  }
}

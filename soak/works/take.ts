/** Works that claim offers in every way, check the bytes, and release or drop the claims. */
import { setTimeout as pause } from 'node:timers/promises';
import {
  vmOffer,
  VMO_GRANT_R,
  VMO_GRANT_W,
  type Claim,
  type ClaimOptions,
  type IncomingOffer,
  type VmoErrorCode,
} from 'vmoffer';
import { differenceAt, differenceFromItself, isMadeBy, PAGE } from '../pattern.js';
import { anyPeer, count, expectSame, isCode, isEndOfPeer, type Scene } from '../scene.js';

const PATIENCE_MS = 30_000;
const BUSY_PAUSE_MS = 5;
const WAYS: readonly ClaimOptions[] = [
  {},
  {},
  { prefetch: true },
  { paging: 'kernel' },
  { paging: 'eager' },
  { transfer: 'pull' },
  { transfer: 'pull', paging: 'eager' },
  { transfer: 'pull', prefetch: true },
];
/** Errors for an offer that has ended: another claim was faster, or the source cancelled it or has ended. */
const HAS_ENDED: readonly VmoErrorCode[] = ['ERR_VMO_NOT_OFFERED', 'ERR_VMO_PEER_GONE', 'ERR_VMO_NO_PROCESS'];

export async function take(scene: Scene, offer: IncomingOffer): Promise<void> {
  const claim = await claimed(scene, offer);
  if (!claim) {
    count(scene, 'offer that had ended');
    return;
  }
  try {
    await look(scene, claim, offer);
    if (scene.random.below(8) === 0) await passOn(scene, claim);
    // Only now: a process that gets pulled memory gets it with these writes.
    if (scene.random.below(4) === 0) write(claim, claim.view());
  } finally {
    // The others are garbage.
    if (scene.random.below(8) !== 0) claim.release();
  }
  count(scene, `claim, ${claim.transfer}, ${claim.paging}`);
}

async function claimed(scene: Scene, offer: IncomingOffer): Promise<Claim | undefined> {
  const way = scene.random.pick(WAYS);
  const impatience = scene.random.below(20);
  if (impatience === 0) await inVain(scene, offer, { ...way, timeoutMs: 1 + scene.random.below(3) });
  if (impatience === 1) await inVain(scene, offer, { ...way, signal: AbortSignal.timeout(scene.random.below(3)) });
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await offer.claim({ ...way, timeoutMs: PATIENCE_MS });
    } catch (error) {
      if (isCode(error, ...HAS_ENDED)) return undefined;
      if (!isCode(error, 'ERR_VMO_BUSY') || performance.now() > deadline) throw error;
    }
    await pause(BUSY_PAUSE_MS);
  }
}

/** Gives a claim up at once. If that is too late, the next claim of the address gets the memory. */
async function inVain(scene: Scene, offer: IncomingOffer, way: ClaimOptions): Promise<void> {
  try {
    (await offer.claim(way)).release();
    count(scene, 'claim in time');
  } catch (error) {
    const isExpected = isCode(error, 'ERR_VMO_TIMEOUT', 'ERR_VMO_BUSY', ...HAS_ENDED);
    if (!isExpected && (error as Error).name !== 'TimeoutError') throw error;
    count(scene, 'claim given up');
  }
}

async function look(scene: Scene, claim: Claim, { srcPid, address, flags }: IncomingOffer): Promise<void> {
  const view = claim.view();
  if (scene.random.below(4) === 0) await claim.prefetch();
  if (scene.random.below(4) === 0) touchAtRandom(scene, view);
  const difference = isPassedOn(view, srcPid) ? differenceFromItself(view) : differenceAt(view, srcPid, address);
  expectSame(`a claim of ${claim.transfer} and ${claim.paging}, flags ${flags}`, difference);
  if (scene.random.below(8) === 0) claim.stats();
  if (scene.random.below(8) === 0) claim.residency();
}

/** Whether the memory was not made by its source, or comes from this process itself. */
function isPassedOn(view: Uint8Array, srcPid: number): boolean {
  return srcPid === process.pid || !isMadeBy(view, srcPid);
}

function touchAtRandom(scene: Scene, view: Uint8Array): void {
  for (let times = 0; times < 8; times++) scene.lastTouched = view[scene.random.below(view.length)] ?? 0;
}

/** Writes the same bytes where others see them, and other bytes where nobody does. */
function write(claim: Claim, view: Uint8Array): void {
  if ((claim.flags & VMO_GRANT_W) !== 0) for (let at = 0; at < view.length; at += PAGE) view[at] = view[at] ?? 0;
  else view[view.length - 1] = ~(view[view.length - 1] ?? 0);
}

/** A claim may be offered onward, with what was granted. */
async function passOn(scene: Scene, claim: Claim): Promise<void> {
  const destination = anyPeer(scene);
  // The receiver would take it for memory of its own.
  if (isMadeBy(claim.view(), destination) || isMadeBy(claim.view(), process.pid)) return;
  try {
    const offer = vmOffer(destination, claim, VMO_GRANT_R);
    await offer.claimed;
    await offer.released;
    count(scene, `passed on and ${offer.state}`);
  } catch (error) {
    if (!isEndOfPeer(error)) throw error;
  }
}

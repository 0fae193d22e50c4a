/** Works that allocate, offer and release memory. */
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import {
  allocate,
  vmOffer,
  VMO_DISOWN,
  VMO_DROP_W,
  VMO_GRANT_R,
  VMO_GRANT_W,
  type Offer,
  type OfferableMemory,
  type Region,
} from 'vmoffer';
import { differenceAt, fillAt, PAGE } from '../pattern.js';
import { anyPeer, count, expectSame, isCode, isEndOfPeer, Wrong, type Scene } from '../scene.js';

const R = VMO_GRANT_R;
const RW = VMO_GRANT_R | VMO_GRANT_W;
const FLAGS = [R, R, RW, R | VMO_DROP_W, R | VMO_DISOWN, RW | VMO_DISOWN];
/** Most are small. Some have the length of several huge pages, which `pull` moves whole. */
const PAGE_COUNTS = [1, 1, 2, 4, 4, 8, 16, 16, 64];
const LARGE_PAGES = 1280;
const LARGE_IN_100 = 1;

function makeMemory({ random, isSpoilt }: Scene): Region {
  const pages = random.below(100) < LARGE_IN_100 ? LARGE_PAGES : random.pick(PAGE_COUNTS);
  const region = allocate(pages * PAGE);
  fillAt(region.view(), process.pid, region.address);
  if (isSpoilt) region.view()[PAGE - 1] = 0;
  return region;
}

/** Undefined if the destination has just ended. */
function offerTo(destPid: number, memory: OfferableMemory, flags: number): Offer | undefined {
  try {
    return vmOffer(destPid, memory, flags);
  } catch (error) {
    if (isEndOfPeer(error)) return undefined;
    throw error;
  }
}

/** Waits until no other process has the offer's memory. */
async function ending(offer: Offer): Promise<string> {
  const how = await offer.claimed;
  await offer.released;
  return how;
}

function expectStill(region: Region): void {
  expectSame('the source’s own memory', differenceAt(region.view(), process.pid, region.address));
}

export async function giveWhole(scene: Scene): Promise<void> {
  using region = makeMemory(scene);
  const flags = scene.random.pick(FLAGS);
  const offer = offerTo(anyPeer(scene), region, flags);
  if (!offer) return;
  const how = await offer.claimed;
  if (how === 'claimed' && (flags & VMO_DISOWN) === VMO_DISOWN) {
    if (!region.disowned) throw new Wrong('a region that was disowned does not say so');
  } else if (how === 'claimed' && (flags & VMO_DROP_W) !== 0) {
    // No other process may see what the former owner writes now.
    region.view().fill(0xee);
  } else {
    expectStill(region);
  }
  await offer.released;
  count(scene, `offer ${how}`);
}

export async function giveToSeveral(scene: Scene): Promise<void> {
  using region = makeMemory(scene);
  const offers = [...new Set([anyPeer(scene), anyPeer(scene), anyPeer(scene)])].flatMap(
    (pid) => offerTo(pid, region, R) ?? [],
  );
  await Promise.all(offers.map(ending));
  expectStill(region);
  count(scene, 'offer to several');
}

export async function giveParts(scene: Scene): Promise<void> {
  using region = makeMemory(scene);
  const pages = region.byteLength / PAGE;
  const middle = Math.floor(pages / 2);
  if (middle === 0) return;
  const first = region.range(scene.random.below(middle) * PAGE, PAGE);
  const second = region.range(middle * PAGE, (1 + scene.random.below(pages - middle)) * PAGE);
  const flags = scene.random.pick(FLAGS);
  const offers = [first, second].flatMap((part) => offerTo(anyPeer(scene), part, flags) ?? []);
  await Promise.all(offers.map(ending));
  if (middle > 1) {
    // The pages in between were offered to nobody.
    const between = (middle - 1) * PAGE;
    if (first.byteOffset !== between) {
      const address = region.address + BigInt(between);
      expectSame('a page beside the parts', differenceAt(region.view(between, PAGE), process.pid, address));
    }
  }
  count(scene, 'offer of parts');
}

/** Drops the region without a release: the offer alone keeps the memory. */
export async function giveAndForget(scene: Scene): Promise<void> {
  const offer = offerTo(anyPeer(scene), makeMemory(scene), scene.random.pick(FLAGS));
  if (!offer) return;
  count(scene, `forgotten and ${await ending(offer)}`);
}

export async function giveAndRelease(scene: Scene): Promise<void> {
  const region = makeMemory(scene);
  const offer = offerTo(anyPeer(scene), region, scene.random.pick(FLAGS));
  region.release();
  if (!offer) return;
  count(scene, `released and ${await ending(offer)}`);
}

/** A claim and a cancel race: one of the two wins, and both sides learn which. */
export async function giveAndCancel(scene: Scene): Promise<void> {
  using region = makeMemory(scene);
  const offer = offerTo(anyPeer(scene), region, scene.random.pick(FLAGS));
  if (!offer) return;
  const delay = scene.random.below(4);
  if (delay < 3) for (let turns = 0; turns < delay; turns++) await turn();
  else await pause(1);
  const isCancelled = cancel(offer);
  const how = await ending(offer);
  if (isCancelled && how !== 'cancelled') throw new Wrong(`an offer was cancelled, and then ${how}`);
  count(scene, isCancelled ? 'cancelled' : 'too late to cancel');
}

function cancel(offer: Offer): boolean {
  try {
    return offer.cancel();
  } catch (error) {
    if (isCode(error, 'ERR_VMO_TOO_LATE')) return false;
    throw error;
  }
}

/** Makes memory that no other process ever sees, and drops it. */
export function makeGarbage(scene: Scene): Promise<void> {
  const region = makeMemory(scene);
  expectStill(region);
  if (scene.random.below(2) === 0) region.release();
  count(scene, 'allocation');
  return Promise.resolve();
}

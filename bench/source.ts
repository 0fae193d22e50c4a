/** The other process of a bench: it holds the memory, and offers or sends it on command. */
import type { Server } from 'node:net';
import { allocate, capabilities, VMO_GRANT_R, vmClaim, vmOffer, type Region } from 'vmoffer';
import { serveBytes } from './node-socket.js';
import { FILLING, type Order, type Reply } from './source-process.js';

const { pageSize } = capabilities();
const parentPid = Number(process.argv[2]);
const ordinary = new Map<number, Region>();
const huge = new Map<number, Region>();
const crowds = new Map<number, Region>();
const many = new Map<number, Region[]>();
let server: Server | undefined;

/** Memory that the machine has not used lately is slow to allocate. This allocates it and gives it back before timing. */
function warmUp(byteLength: number): void {
  using region = allocate(byteLength);
  region.view().fill(FILLING);
}

function regionOf(byteLength: number, hugePages = false): Region {
  const regions = hugePages ? huge : ordinary;
  const known = regions.get(byteLength);
  if (known && !known.disowned) return known;
  if (!known) warmUp(byteLength);
  const region = allocate(byteLength, { hugePages });
  region.view().fill(FILLING);
  regions.set(byteLength, region);
  return region;
}

function offer(byteLength: number, flags: number, hugePages: boolean): Reply {
  const { address } = vmOffer(parentPid, regionOf(byteLength, hugePages), flags);
  return { address };
}

/** Offers the regions of the previous call again, except those that were disowned since. */
function offerMany(count: number, byteLength: number, flags: number): Reply {
  const kept = (many.get(byteLength) ?? []).filter(({ disowned }) => !disowned).slice(0, count);
  while (kept.length < count) kept.push(filled(byteLength));
  many.set(byteLength, kept);
  const addresses = kept.map((region) => vmOffer(parentPid, region, flags).address);
  return { address: addresses[0] ?? 0n, addresses };
}

function filled(byteLength: number): Region {
  const region = allocate(byteLength);
  region.view().fill(FILLING);
  return region;
}

function crowdRegion(byteLength: number): Region {
  const known = crowds.get(byteLength);
  if (known) return known;
  const region = allocate(byteLength);
  region.view().fill(FILLING);
  crowds.set(byteLength, region);
  return region;
}

function crowd({ count, partBytes = pageSize, destPid = parentPid }: Extract<Order, { kind: 'crowd' }>): Reply {
  const region = crowdRegion(count * partBytes);
  for (let part = 0; part < count; part++) vmOffer(destPid, region.range(part * partBytes, partBytes), VMO_GRANT_R);
  return { address: region.address };
}

async function claimAll({ from, address, count, partBytes }: Extract<Order, { kind: 'claim' }>): Promise<Reply> {
  const start = performance.now();
  for (let part = 0; part < count; part++) {
    using claim = await vmClaim(from, address + BigInt(part * partBytes));
    if (claim.view()[0] !== FILLING) throw new Error('these are not the bytes of the source');
  }
  return { address, ms: performance.now() - start };
}

async function serve(byteLength: number, path: string): Promise<Reply> {
  const region = regionOf(byteLength);
  const bytes = region.view();
  server = await serveBytes(path, (count) => bytes.subarray(0, count));
  return { address: region.address };
}

function send(byteLength: number): Reply {
  const region = regionOf(byteLength);
  return { address: region.address, bytes: region.view() };
}

function carryOut(order: Order): Reply | Promise<Reply> {
  if (order.kind === 'offer') return offer(order.byteLength, order.flags, order.hugePages);
  if (order.kind === 'offerMany') return offerMany(order.count, order.byteLength, order.flags);
  if (order.kind === 'crowd') return crowd(order);
  if (order.kind === 'claim') return claimAll(order);
  return order.kind === 'serve' ? serve(order.byteLength, order.path) : send(order.byteLength);
}

process.on('message', (order: Order) => {
  void Promise.resolve(carryOut(order)).then((reply) => process.send?.(reply));
});
process.on('disconnect', () => server?.close());

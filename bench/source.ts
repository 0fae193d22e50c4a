/** The other process of a bench: it holds the memory, offers it, and sends it through a socket, as it is told. */
import type { Server } from 'node:net';
import { allocate, vmOffer, type Region } from 'vmoffer';
import { serve } from '../demo/unix-socket.js';
import { windowsOf } from '../demo/windows.js';
import { FILLING, type Order, type Reply } from './source-process.js';

const parentPid = Number(process.argv[2]);
const regions = new Map<number, Region>();
let server: Server | undefined;

/** Memory that the machine has not used lately is slow to get: get it, and give it back, before anything is timed. */
function warmUp(byteLength: number): void {
  using region = allocate(byteLength);
  region.view().fill(FILLING);
}

function regionOf(byteLength: number): Region {
  const known = regions.get(byteLength);
  if (known && !known.disowned) return known;
  if (!known) warmUp(byteLength);
  const region = allocate(byteLength);
  region.view().fill(FILLING);
  regions.set(byteLength, region);
  return region;
}

function offer(byteLength: number, flags: number): Reply {
  const { address } = vmOffer(parentPid, regionOf(byteLength), flags);
  return { address };
}

async function serveRegion(byteLength: number, path: string): Promise<Reply> {
  const region = regionOf(byteLength);
  server = await serve(path, (chunkBytes) => windowsOf(region, byteLength, chunkBytes));
  return { address: region.address };
}

process.on('message', (order: Order) => {
  const reply =
    order.kind === 'offer' ? offer(order.byteLength, order.flags) : serveRegion(order.byteLength, order.path);
  void Promise.resolve(reply).then((message) => process.send?.(message));
});
process.on('disconnect', () => server?.close());

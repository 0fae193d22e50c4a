/** Offers memory to a peer when it is told to, and answers the same ranges by an engine of its own, which is the anchor. */
import { allocate, VMO_GRANT_R, vmOffer } from 'vmoffer';
import { join, nats } from 'vmoffer-cluster';
import { FILLING } from '../filling.js';
import { announceAnchor, connectAnchor, directOptions, type Way } from './ways.js';

async function main(url: string, way: Way, byteLength: number): Promise<void> {
  const engine = await connectAnchor(url, way, 'a');
  const bytes = Buffer.alloc(byteLength, FILLING);
  const reader = `${way.reader}-anchor`;
  await engine.serve('anchor', reader, ({ offset, byteLength: count }) => bytes.subarray(offset, offset + count));
  await announceAnchor(engine, reader);
  const cluster = await join(nats({ servers: url }), { as: way.source, ...directOptions(way, 'a') });
  process.on('message', (count: number) => {
    const region = allocate(byteLength);
    region.view().fill(FILLING);
    const offers = Array.from({ length: count }, () => vmOffer(cluster.peer(way.reader), region, VMO_GRANT_R));
    void Promise.all(offers.map(({ released }) => released)).then(() => {
      region.release();
    });
  });
  process.once('disconnect', () => void Promise.all([cluster.close(), engine.close()]));
  process.send?.(cluster.agentPid);
}

const [url = '', way = '{}', byteLength] = process.argv.slice(2);
await main(url, JSON.parse(way) as Way, Number(byteLength));

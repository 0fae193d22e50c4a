/** Offers memory to the peer `b` when it is told to, and answers the same ranges by an engine of its own, which is the anchor. */
import { connectNats } from '#cluster/engine/nats/connect.js';
import { allocate, VMO_GRANT_R, vmOffer } from 'vmoffer';
import { join, nats } from 'vmoffer-cluster';
import { FILLING } from '../filling.js';

async function main(url: string, as: string, byteLength: number): Promise<void> {
  const description = nats({ servers: url });
  const engine = await connectNats(description, `${as}-anchor`);
  const bytes = Buffer.alloc(byteLength, FILLING);
  await engine.serve('anchor', 'b-anchor', ({ offset, byteLength: count }) => bytes.subarray(offset, offset + count));
  const cluster = await join(description, { as });
  process.on('message', (count: number) => {
    const region = allocate(byteLength);
    region.view().fill(FILLING);
    const offers = Array.from({ length: count }, () => vmOffer(cluster.peer('b'), region, VMO_GRANT_R));
    void Promise.all(offers.map(({ released }) => released)).then(() => {
      region.release();
    });
  });
  process.once('disconnect', () => void Promise.all([cluster.close(), engine.close()]));
  process.send?.(cluster.agentPid);
}

const [url = '', as = '', byteLength] = process.argv.slice(2);
await main(url, as, Number(byteLength));

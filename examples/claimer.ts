/** Prints what other processes offer: node out/js/examples/claimer.js */
import { incomingOffers } from 'vmoffer';

console.log(`waiting; run: node out/js/examples/source.js ${process.pid}`);
for await (const offer of incomingOffers()) {
  using claim = await offer.claim();
  const [text = ''] = new TextDecoder().decode(claim.buffer).split('\0', 1);
  console.log(`process ${offer.srcPid} says: ${text}`);
}

/** Offers a greeting to the process whose pid is given: node out/js/examples/source.js PID */
import { allocate, VMO_GRANT_R, vmOffer } from 'vmoffer';

const region = allocate(4096);
region.view().set(new TextEncoder().encode(`hello from process ${process.pid}`));
const offer = vmOffer(Number(process.argv[2]), region, VMO_GRANT_R);
console.log(`the offer was ${await offer.claimed}`);

/** All benches, in the order of the table. */
import type { Bench } from './bench.js';
import { channelBench } from './channel.js';
import { claimBench } from './claim.js';
import { claimsBench } from './claims.js';
import { clusterBench } from './cluster.js';
import { crossoverBench } from './crossover.js';
import { deliveryBench } from './delivery.js';
import { faultBench } from './fault.js';
import { growthBench } from './growth.js';
import { handOffBench } from './handoff.js';
import { offerBench } from './offer.js';
import { pagesBench } from './pages.js';
import { sparseBench } from './sparse.js';
import { supplyBench } from './supply.js';

export const benches: readonly Bench[] = [
  offerBench,
  claimBench,
  claimsBench,
  faultBench,
  pagesBench,
  deliveryBench,
  crossoverBench,
  sparseBench,
  supplyBench,
  handOffBench,
  channelBench,
  growthBench,
  clusterBench,
];

/** All there is to measure, in the order of the table. */
import type { Bench } from './bench.js';
import { claimBench } from './claim.js';
import { faultBench } from './fault.js';
import { handOffBench } from './handoff.js';

export const benches: readonly Bench[] = [claimBench, faultBench, handOffBench];

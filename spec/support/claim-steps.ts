/** The steps of a claim at which either side can be parked or killed, in order; see engine/wire/FORMAT.md. */
import type { Checkpoint } from './probe.js';

export interface ClaimStep {
  checkpoint: Checkpoint;
  side: 'claimer' | 'source';
  /** What the source knows of the claim at this step. After its acknowledgement the claimer cannot tell. */
  source: 'has not heard' | 'has heard' | 'has begun' | 'may have dropped' | 'has dropped';
  /** True for a step that only claims of parts have. */
  isOfParts?: true;
}

export function stepsOfClaim({ isPart }: { isPart: boolean }): readonly ClaimStep[] {
  return CLAIM_STEPS.filter(({ isOfParts = false }) => isPart || !isOfParts);
}

const CLAIM_STEPS: readonly ClaimStep[] = [
  { checkpoint: 'claim.ask', side: 'claimer', source: 'has not heard' },
  { checkpoint: 'source.asked', side: 'source', source: 'has heard' },
  { checkpoint: 'source.packing', side: 'source', source: 'has begun', isOfParts: true },
  { checkpoint: 'source.packed', side: 'source', source: 'has begun', isOfParts: true },
  { checkpoint: 'source.terms-sent', side: 'source', source: 'has begun' },
  { checkpoint: 'claim.terms', side: 'claimer', source: 'has begun' },
  { checkpoint: 'claim.mapped', side: 'claimer', source: 'has begun' },
  { checkpoint: 'source.acknowledged', side: 'source', source: 'has begun' },
  { checkpoint: 'source.dropping', side: 'source', source: 'has begun' },
  { checkpoint: 'claim.acknowledged', side: 'claimer', source: 'may have dropped' },
  { checkpoint: 'source.dropped', side: 'source', source: 'has dropped' },
];

import type { Entry, OfferRecord } from '../engine/engine.js';

/** A change of the book that is under way. `next` undefined: the record is removed. */
export interface Write {
  readonly what: string;
  readonly over: Entry;
  readonly next: OfferRecord | undefined;
}

/** What became of the one change that was under way, or what the book says. */
export type BookEvent =
  | { type: 'written'; entry: Entry | undefined }
  | { type: 'refused' }
  /** The answer was lost. The change may have been made, or may be made later. */
  | { type: 'unknown' }
  /** What the book had when it was asked. */
  | { type: 'found'; entry: Entry | undefined }
  /** What a watch tells. It may be late. */
  | { type: 'seen'; entry: Entry | undefined };

export type BookEffect =
  { do: 'replace'; over: Entry; next: OfferRecord } | { do: 'withdraw'; over: Entry } | { do: 'find' };

export function effectOf({ over, next }: Write): BookEffect {
  return next ? { do: 'replace', over, next } : { do: 'withdraw', over };
}

export type Resolved = { as: 'written' | 'refused'; entry: Entry | undefined } | { as: 'again' };

/**
 * Resolves a change whose answer was lost. While the book still has what the change is over, the change may come yet. So the
 * same change is made again, and never given up: one of the two is refused then.
 */
export function resolve({ over, next }: Write, found: Entry | undefined): Resolved {
  if (found?.revision === over.revision) return { as: 'again' };
  const isOurs = next ? found?.record.nonce === next.nonce && found.record.stage === next.stage : found === undefined;
  return { as: isOurs ? 'written' : 'refused', entry: found };
}

export function withoutLease(record: OfferRecord): OfferRecord {
  const rest = { ...record };
  delete rest.lease;
  return rest;
}

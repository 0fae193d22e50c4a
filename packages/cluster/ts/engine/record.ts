/** Records as bytes. They come from other peers, so that nothing in them is believed before it has been looked at. */
import type { OfferName, OfferRecord } from './engine.js';
import { isAddress, isDirectAddress } from './names.js';

const STAGES: readonly unknown[] = ['offered', 'claiming', 'owned', 'done'];

export function encodeRecord(record: OfferRecord): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(record));
}

/** Undefined unless the bytes are a record of this very offer. */
export function decodeRecord(name: OfferName, bytes: Uint8Array): OfferRecord | undefined {
  const value = parse(bytes);
  if (typeof value !== 'object' || value === null) return undefined;
  const record = value as Record<keyof OfferRecord, unknown>;
  const isOfThisOffer = record.id === name.id && record.from === name.from && record.to === name.to;
  return isOfThisOffer && isWellFormed(record) ? (value as OfferRecord) : undefined;
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

function isWellFormed(record: Record<keyof OfferRecord, unknown>): boolean {
  return (
    STAGES.includes(record.stage) &&
    typeof record.address === 'string' &&
    isAddress(record.address) &&
    [record.byteLength, record.flags, record.unit].every(isCount) &&
    [record.object, record.nonce].every((text) => typeof text === 'string') &&
    typeof record.durable === 'boolean' &&
    (record.digests === undefined || typeof record.digests === 'string') &&
    (record.lease === undefined || isLease(record.lease)) &&
    (record.direct === undefined || (!record.durable && isDirectAddress(record.direct)))
  );
}

function isLease(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { until, ms } = value as { until?: unknown; ms?: unknown };
  return isCount(until) && isCount(ms);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

import { randomBytes } from 'node:crypto';
import type { OfferRecord } from '#cluster/engine/engine.js';

/** A record as a source writes it. */
export function makeRecord(from: string, to: string, changes: Partial<OfferRecord> = {}): OfferRecord {
  return {
    id: randomBytes(16).toString('hex'),
    from,
    to,
    stage: 'offered',
    address: '0x7f0012345000',
    byteLength: 1 << 20,
    flags: 1,
    object: 'object-1',
    unit: 1 << 18,
    durable: false,
    nonce: randomBytes(8).toString('hex'),
    ...changes,
  };
}

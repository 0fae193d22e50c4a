/**
 * How the bytes of an object are asked for: as they are, or, where the offer is immutable, in units each followed by its
 * SHA-256. The latter is one object with its digests, so that a unit and its digest come with one request.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { ByteRange, OfferRecord } from '../engine/engine.js';

export const DIGEST_BYTES = 32;

export interface UnitGrid {
  byteLength: number;
  unit: number;
  hasDigests: boolean;
}

export function gridOf({ byteLength, unit, digests }: OfferRecord): UnitGrid {
  return { byteLength, unit, hasDigests: digests !== undefined };
}

/** What is asked of the holder for a whole unit. */
export function rangeOfUnit(index: number, grid: UnitGrid): ByteRange {
  const byteLength = lengthOfUnit(index, grid);
  if (!grid.hasDigests) return { offset: index * grid.unit, byteLength };
  return { offset: index * (grid.unit + DIGEST_BYTES), byteLength: byteLength + DIGEST_BYTES };
}

export function lengthOfUnit(index: number, { byteLength, unit }: UnitGrid): number {
  return Math.min(unit, byteLength - index * unit);
}

/** Which unit a range with digests is. @throws RangeError if it is none. */
export function unitOfRange({ offset, byteLength }: ByteRange, grid: UnitGrid): number {
  const index = offset / (grid.unit + DIGEST_BYTES);
  const isUnit = Number.isInteger(index) && index * grid.unit < grid.byteLength;
  if (isUnit && byteLength === lengthOfUnit(index, grid) + DIGEST_BYTES) return index;
  throw new RangeError(`${byteLength} bytes at ${offset} are no unit with its digest`);
}

export function withDigest(bytes: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(bytes.byteLength + DIGEST_BYTES);
  sealed.set(bytes);
  sealed.set(digestOf(sealed.subarray(0, bytes.byteLength)), bytes.byteLength);
  return sealed;
}

/** @throws Error if the digest is not that of the bytes before it. */
export function withoutDigest(sealed: Uint8Array): Uint8Array {
  const bytes = sealed.subarray(0, sealed.byteLength - DIGEST_BYTES);
  if (timingSafeEqual(digestOf(bytes), sealed.subarray(bytes.byteLength))) return bytes;
  throw new Error('a unit does not have the SHA-256 that came with it: the bytes were changed on their way');
}

function digestOf(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

/** @throws RangeError unless the range is in the object. */
export function checkInside({ offset, byteLength }: ByteRange, limit: number): void {
  if (offset + byteLength <= limit) return;
  throw new RangeError(`${byteLength} bytes at ${offset} are not inside the ${limit} bytes of the object`);
}

/** Checks of what another peer has written into the book, before anything is made of it. */
import { VMO_DISOWN, VMO_DROP_W, VMO_GRANT_R, VMO_GRANT_X } from 'vmoffer';
import { MAX_RANGE_BYTES, type OfferRecord } from '../engine/engine.js';
import { isAddress, isName } from '../engine/names.js';
import { DIGEST_BYTES } from './units.js';

const MIN_UNIT = 64 * 1024;
const PAGE = 4096;

export function isHandOff({ flags }: { flags: number }): boolean {
  return (flags & VMO_DISOWN) === VMO_DISOWN;
}

export function isImmutable({ flags }: { flags: number }): boolean {
  return (flags & VMO_DROP_W) !== 0 && !isHandOff({ flags });
}

/** Why memory cannot be offered to another host with these flags; undefined if it can. */
export function faultOfFlags(flags: number): string | undefined {
  if ((flags & VMO_GRANT_X) !== 0) return 'code is not run from memory of another host; do not grant X';
  if ((flags & VMO_GRANT_R) === 0) return 'add VMO_GRANT_R';
  if (isHandOff({ flags })) return undefined;
  const known = VMO_GRANT_R | VMO_DROP_W;
  return (flags & ~known) === 0
    ? undefined
    : 'two hosts cannot write to the same memory; grant R alone, with VMO_DROP_W if you like, or hand it off with VMO_DISOWN';
}

/** Why a record of another peer is refused; undefined if nothing is wrong with it. */
export function faultOfRecord(record: OfferRecord, maxByteLength: number): string | undefined {
  const { address, byteLength, flags, object, unit, digests } = record;
  if (!isAddress(address)) return 'its address is none';
  if (!Number.isSafeInteger(byteLength) || byteLength < PAGE || byteLength % PAGE !== 0)
    return 'its length is not a number of whole pages';
  if (byteLength > maxByteLength) return `it has more than ${maxByteLength} bytes`;
  if (!Number.isInteger(flags) || faultOfFlags(flags) !== undefined) return 'its flags are not for other hosts';
  if (!isName(object)) return 'its object has no proper name';
  const isUnit = Number.isInteger(Math.log2(unit)) && unit >= MIN_UNIT && unit + DIGEST_BYTES <= MAX_RANGE_BYTES;
  if (!isUnit) return 'its unit is not a power of two from 64 KiB to 512 KiB';
  return digests === undefined || digests === object ? undefined : 'its digests are elsewhere';
}

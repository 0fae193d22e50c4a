/** What names may look like, so that every engine can make subjects, keys and headers of them without escaping. */
import { EngineError, type OfferName, type OfferRecord } from './engine.js';

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const OFFER_ID = /^[0-9a-f]{32}$/;
const ADDRESS = /^0x[0-9a-f]{1,16}$/;

export function isName(text: string): boolean {
  return NAME.test(text);
}

export function isAddress(text: string): boolean {
  return ADDRESS.test(text);
}

export function formatAddress(address: bigint): string {
  return `0x${address.toString(16)}`;
}

/** @throws TypeError unless `name` may name a peer or an object. */
export function checkName(what: string, name: string): void {
  if (isName(name)) return;
  throw new TypeError(
    `${what} must be 1 to 64 letters, digits, - or _, got ${JSON.stringify(name)}; choose another name`,
  );
}

/**
 * @throws TypeError if one of the names cannot be one.
 * @throws {EngineError} 'not-permitted' if `self` neither sent the offer nor receives it.
 */
export function checkOfferName(self: string, { id, from, to }: OfferName): void {
  if (!OFFER_ID.test(id)) throw new TypeError(`an offer's id must be 32 hexadecimal digits, got ${JSON.stringify(id)}`);
  checkName('a peer', from);
  checkName('a peer', to);
  if (self === from || self === to) return;
  throw new EngineError('not-permitted', `offer ${id} is from ${from} to ${to}: ${self} may neither see nor change it`);
}

/** Only the sender enters an offer. @throws as checkOfferName(). */
export function checkNewRecord(self: string, record: OfferRecord): void {
  checkOfferName(self, record);
  if (self === record.from) return;
  throw new EngineError('not-permitted', `offer ${record.id} is from ${record.from}: ${self} may not announce it`);
}

/** @throws TypeError if `next` is a record of another offer. */
export function checkSameOffer(from: OfferName, next: OfferName): void {
  if (from.id === next.id && from.from === next.from && from.to === next.to) return;
  throw new TypeError(`the record of offer ${from.id} cannot be replaced by one of offer ${next.id}; announce that`);
}

/** @throws TypeError if one of them cannot name a stored unit. */
export function checkUnit(peer: string, object: string, unit: number): void {
  checkName('a peer', peer);
  checkName('an object', object);
  if (Number.isSafeInteger(unit) && unit >= 0) return;
  throw new TypeError(`units are counted from 0, got ${unit}; pass a whole number`);
}

/** What names may look like, so that every engine can make subjects, keys and headers of them without escaping. */
import { EngineError, type DirectAddress, type OfferName, type OfferRecord } from './engine.js';

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const OFFER_ID = /^[0-9a-f]{32}$/;
const ADDRESS = /^0x[0-9a-f]{1,16}$/;

export function isName(text: string): boolean {
  return NAME.test(text);
}

export function isAddress(text: string): boolean {
  return ADDRESS.test(text);
}

/** A name or an address, of the length that a name of the DNS may have; nothing that a URL could make something else of. */
const HOST = /^[A-Za-z0-9_:]([A-Za-z0-9._:-]{0,252})$/;

export function isHost(value: unknown): value is string {
  return typeof value === 'string' && HOST.test(value);
}

/** Whether it is a host and a port, and nothing else. */
export function isDirectAddress(value: unknown): value is DirectAddress {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 2) return false;
  const { host, port } = value as Partial<Record<keyof DirectAddress, unknown>>;
  return isHost(host) && Number.isInteger(port) && Number(port) >= 1 && Number(port) <= 65535;
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

/** @throws TypeError if `next` is a record of another offer, or leads its reader elsewhere. */
export function checkSameOffer(from: OfferRecord, next: OfferRecord): void {
  if (from.id !== next.id || from.from !== next.from || from.to !== next.to) {
    throw new TypeError(`the record of offer ${from.id} cannot be replaced by one of offer ${next.id}; announce that`);
  }
  if (from.direct?.host === next.direct?.host && from.direct?.port === next.direct?.port) return;
  throw new TypeError(`the record of offer ${from.id} says where it is read directly: leave that as it is`);
}

/** @throws TypeError if one of them cannot name a stored unit. */
export function checkUnit(peer: string, object: string, unit: number): void {
  checkName('a peer', peer);
  checkName('an object', object);
  if (Number.isSafeInteger(unit) && unit >= 0) return;
  throw new TypeError(`units are counted from 0, got ${unit}; pass a whole number`);
}

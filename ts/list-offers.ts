import { promiseOf } from './keep-alive.js';
import type { OfferKind, OfferState } from './kinds.js';
import { addon } from './load-addon.js';
import { log } from './log.js';
import type { NativeOfferRecord } from './native.js';

/** How long the other processes here may take to tell; who is silent is left out. */
const LIST_TIMEOUT_MS = 1000;

/** One offer that this process has sent or received. */
export interface OfferRecord {
  /** The offer's number, unique within its source process. */
  id: number;
  /** The process that made it. */
  srcPid: number;
  /** The process that may claim it. */
  destPid: number;
  /** Its first byte's address in the source process. */
  address: bigint;
  /** Its length in bytes. */
  byteLength: number;
  /** What it grants and drops: `VMO_*` bits. */
  flags: number;
  /** `'memory'`: made by `vmOffer`. `'channel'`, `'message'`: made by a `Channel`, for its rings or for one message. */
  kind: OfferKind;
  /** `'sent'` by this process, or `'received'`: made to it. An offer to oneself is listed both ways. */
  direction: 'sent' | 'received';
  /** Where it stands. */
  state: OfferState;
}

/**
 * Lists the offers that this process has made and those that are made to it. The latter are learnt by asking the other
 * processes in the same network namespace that use this library; one that is stopped is left out after a second, and of one
 * that offers more than 65536 things, the rest.
 *
 * @returns a promise that rejects with ERR_VMO_TOO_MANY when this process has too few descriptors left to ask.
 *
 * @example
 * const [offer] = (await vmListOffer()).filter(({ direction }) => direction === 'received');
 * if (offer) await vmClaim(offer.srcPid, offer.address);
 */
export async function vmListOffer(): Promise<OfferRecord[]> {
  const records = await promiseOf<NativeOfferRecord[]>((resolve, reject) => {
    addon().list(LIST_TIMEOUT_MS, (error, found) => {
      if (error) reject(error);
      else resolve(found ?? []);
    });
  });
  return traced(records);
}

/** `vmListOffer`, but this thread waits for it. */
export function vmListOfferSync(): OfferRecord[] {
  return traced(addon().listSync(LIST_TIMEOUT_MS));
}

function traced(records: NativeOfferRecord[]): OfferRecord[] {
  log.list('%d offers', records.length);
  return records;
}

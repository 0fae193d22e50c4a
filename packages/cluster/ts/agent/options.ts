import { setTimeout as sleep } from 'node:timers/promises';
import { checkDirectOptions, type DirectOptions } from '../engine/direct/options.js';
import { invalid } from '../errors.js';

/** Decides whether a peer's offer may be claimed here, or memory be offered to a peer. */
export type Allow = (peer: string, offer: AllowedOffer) => boolean | Promise<boolean>;

export interface AllowedOffer {
  direction: 'sent' | 'received';
  address: string;
  byteLength: number;
  flags: number;
}

export interface AgentOptions {
  /**
   * Which peers this one has to do with: their names, or the URL of a module whose default export is a function (peer, offer) that
   * says so, within 5 seconds. Default: all whom the engine lets in.
   */
  allow?: readonly string[] | string;
  /** The longest memory that is claimed from another peer, in bytes. Default: 16 TiB. */
  maxByteLength?: number;
  /** How many offers may stand, sent by one process here. Default: 4096. */
  maxOffers?: number;
  /** How long a peer that is silent counts as there, and how long a hand-off may take without a sign, in milliseconds. Default: 10 000. */
  leaseMs?: number;
  /** Read straight from the agents of other peers, over HTTPS, where that works. Default: all bytes come by way of the engine. */
  direct?: DirectOptions;
}

export interface CheckedAgentOptions {
  allow: Allow;
  maxByteLength: number;
  maxOffers: number;
  leaseMs: number;
  direct: DirectOptions | undefined;
}

const MAX_BYTE_LENGTH = 2 ** 44;
/** How long a function that allows offers may take. */
const DECIDE_WITHIN_MS = 5000;

export async function checkAgentOptions(options: AgentOptions): Promise<CheckedAgentOptions> {
  const { maxByteLength = MAX_BYTE_LENGTH, maxOffers = 4096, leaseMs = 10_000, direct } = options;
  checkCount(maxByteLength, 'maxByteLength');
  checkCount(maxOffers, 'maxOffers');
  checkCount(leaseMs, 'leaseMs');
  if (direct) checkDirectOptions(direct);
  return { allow: await loadAllow(options.allow), maxByteLength, maxOffers, leaseMs, direct };
}

async function loadAllow(allow: AgentOptions['allow']): Promise<Allow> {
  if (allow === undefined) return () => true;
  if (typeof allow !== 'string') return (peer) => allow.includes(peer);
  const { default: decide } = (await import(allow)) as { default?: unknown };
  if (typeof decide === 'function') return (peer, offer) => decideInTime(decide as Allow, peer, offer);
  throw invalid(`the module ${allow} has no function as its default export; export default (peer, offer) => boolean`);
}

/** Who may is not known for ever: no answer is no. */
async function decideInTime(decide: Allow, peer: string, offer: AllowedOffer): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(DECIDE_WITHIN_MS, false, { signal: timer.signal }).catch(() => false);
  try {
    return await Promise.race([decide(peer, offer), late]);
  } finally {
    timer.abort();
  }
}

function checkCount(value: unknown, name: string): void {
  if (Number.isSafeInteger(value) && Number(value) > 0) return;
  throw invalid(`${name} must be a whole number above 0, got ${JSON.stringify(value)}`);
}

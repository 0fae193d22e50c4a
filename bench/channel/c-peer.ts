/** Two processes in C: see bench/peers/messages/exchange.c. */
import type { Peer } from '../peers/peer.js';
import type { Run } from './run.js';

export const EXCHANGE = 'messages/exchange';

/** `batch`: a stream, with one call for 32 messages. */
export type CWayName = 'ring' | 'stream' | 'batch' | 'seqpacket' | 'pipe';

export type CRun = Omit<Run, 'way' | 'pinProgram'> & { way: CWayName };

/** Returns nanoseconds for each message, or for each round trip (the median of its ticks). */
export async function askExchange(
  peer: Peer,
  { kind, way, byteLength, warmUp, count, slots, cores }: CRun,
): Promise<number> {
  const [ns = NaN] = await peer.ask(kind, way, byteLength, warmUp, count, slots, ...cores);
  return ns;
}

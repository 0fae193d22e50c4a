/** Two processes in C: see bench/peers/messages/exchange.c. */
import type { Peer } from '../peers/peer.js';
import type { Run } from './run.js';

export const EXCHANGE = 'messages/exchange';

/** `batch`: a stream, 32 messages by one call. */
export type CWayName = 'ring' | 'stream' | 'batch' | 'seqpacket' | 'pipe';

export type CRun = Omit<Run, 'way' | 'pinProgram'> & { way: CWayName };

/** Nanoseconds a message, or a round trip (the median of its ticks). */
export async function askExchange(
  peer: Peer,
  { kind, way, byteLength, warmUp, count, slots, cores }: CRun,
): Promise<number> {
  const [ns = NaN] = await peer.ask(kind, way, byteLength, warmUp, count, slots, ...cores);
  return ns;
}

/** The ways of two processes in C: see bench/peers/delivery.c. */
import type { Peer } from '../peers/peer.js';
import type { Arrival, Way } from './way.js';

/** By the names that the peer takes. */
export const C_WAYS = {
  socket: 'C, UNIX socket',
  pipe: 'C, pipe',
  vmsplice: 'C, vmsplice',
  process_vm_readv: 'C, process_vm_readv',
  file: 'C, file in /dev/shm',
  memfd: 'C, mmap of a passed memfd',
} as const;

/** Ways in which the receiver has all the bytes at the end, in one piece. */
export const WHOLE_WAYS = {
  'socket-fresh': 'C, UNIX socket into fresh memory',
  'socket-kept': 'C, UNIX socket into kept memory',
} as const;

export function cWays(peer: Peer, names: Record<string, string> = C_WAYS): Way[] {
  return Object.entries(names).map(([word, name]) => ({ name, deliver: (byteLength) => ask(peer, word, byteLength) }));
}

async function ask(peer: Peer, word: string, byteLength: number): Promise<Arrival> {
  const [first = NaN, last = NaN] = await peer.ask(word, byteLength);
  return { first, last };
}

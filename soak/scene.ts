/** The state that the works of one process share. */
import { VmoError, type VmoErrorCode } from 'vmoffer';
import type { Random } from '../spec/support/random.js';

export interface Scene {
  random: Random;
  /** The pids of the processes that take part, this one among them. */
  peers: readonly number[];
  /** Whether this process makes its memory with a wrong byte, to check that another notices. */
  isSpoilt: boolean;
  /** Keeps the compiler from leaving a touch out. */
  lastTouched: number;
  /** How often each kind of operation was done. */
  readonly done: Map<string, number>;
}

export type Work = (scene: Scene) => Promise<void>;

/** An outcome that must not happen. */
export class Wrong extends Error {}

/** Peers are killed at any moment, so any operation with one may end with these. */
const PEER_HAS_ENDED: readonly VmoErrorCode[] = ['ERR_VMO_PEER_GONE', 'ERR_VMO_NO_PROCESS'];

export function isCode(error: unknown, ...codes: VmoErrorCode[]): boolean {
  return error instanceof VmoError && codes.includes(error.code);
}

export function isEndOfPeer(error: unknown): boolean {
  return isCode(error, ...PEER_HAS_ENDED);
}

export function count(scene: Scene, what: string): void {
  scene.done.set(what, (scene.done.get(what) ?? 0) + 1);
}

export function expectSame(what: string, difference: string | undefined): void {
  if (difference !== undefined) throw new Wrong(`${what}: ${difference}`);
}

export function anyPeer({ random, peers }: Scene): number {
  return random.pick(peers);
}

/** What the works of one process share. */
import { VmoError, type VmoErrorCode } from 'vmoffer';
import type { Random } from '../spec/support/random.js';

export interface Scene {
  random: Random;
  /** The pids of the processes that take part, this one among them. */
  peers: readonly number[];
  /** Whether this process makes its memory with a wrong byte, to see that somebody notices. */
  isSpoilt: boolean;
  /** So that no compiler leaves a touch out. */
  lastTouched: number;
  /** How often, by kind. */
  readonly done: Map<string, number>;
}

export type Work = (scene: Scene) => Promise<void>;

/** Something is not as it must be. */
export class Wrong extends Error {}

/** Peers are killed at any moment: whatever is done with one may end so. */
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

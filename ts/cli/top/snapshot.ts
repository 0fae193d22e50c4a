import { askWhatIsHeld } from '../../held-claims.js';
import type { NativeHeldClaim, NativeHolder } from '../../native.js';
import { nameOfProcess } from './process-name.js';

/** A claim, and whose it is. */
export interface HeldClaim extends NativeHeldClaim {
  pid: number;
  process: string;
}

/** How many of the other processes that use the library have told what they hold. */
export interface Processes {
  told: number;
  /** They belong to other users. */
  refused: number;
  /** They are stopped, or told nothing that can be understood. */
  silent: number;
}

/** What was held at one moment. */
export interface Snapshot {
  /** Of `performance.now()`. */
  takenAtMs: number;
  claims: HeldClaim[];
  processes: Processes;
}

/** Asks every process but this one. */
export async function takeSnapshot(): Promise<Snapshot> {
  const holders = await askWhatIsHeld();
  return snapshotOf(
    holders.filter(({ pid }) => pid !== process.pid),
    performance.now(),
  );
}

/** @param holders brokers; a process may have several, one for each copy of the library. */
export function snapshotOf(holders: NativeHolder[], takenAtMs: number, nameOf = nameOfProcess): Snapshot {
  const claims = holders.flatMap(({ pid, claims: held }) => {
    const name = held.length > 0 ? nameOf(pid) : '';
    return held.map((claim) => ({ ...claim, pid, process: name }));
  });
  return { takenAtMs, claims, processes: countProcesses(holders) };
}

function countProcesses(holders: NativeHolder[]): Processes {
  const answers = new Map<number, Set<NativeHolder['answer']>>();
  for (const { pid, answer } of holders) answers.set(pid, (answers.get(pid) ?? new Set()).add(answer));
  const best = [...answers.values()].map((given) => (['told', 'refused'] as const).find((answer) => given.has(answer)));
  const count = (wanted: 'told' | 'refused' | undefined) => best.filter((answer) => answer === wanted).length;
  return { told: count('told'), refused: count('refused'), silent: count(undefined) };
}

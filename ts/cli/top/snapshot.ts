import { askWhatIsHeld } from '../../held-claims.js';
import type { NativeHeldClaim, NativeHeldReport } from '../../native.js';
import { nameOfProcess } from './process-name.js';

/** A claim, with the process that holds it. */
export interface HeldClaim extends NativeHeldClaim {
  pid: number;
  process: string;
}

/** How the other processes that use the library have answered. */
export interface Processes {
  told: number;
  /** They belong to other users. */
  refused: number;
  /** They are stopped, or their answer was malformed. */
  silent: number;
}

/** The claims that were held at one moment. */
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

/** @param reports one of each broker. A process may have several brokers, one for each copy of the library. */
export function snapshotOf(reports: NativeHeldReport[], takenAtMs: number, nameOf = nameOfProcess): Snapshot {
  const claims = reports.flatMap(({ pid, claims: held }) => {
    const name = held.length > 0 ? nameOf(pid) : '';
    return held.map((claim) => ({ ...claim, pid, process: name }));
  });
  return { takenAtMs, claims, processes: countProcesses(reports) };
}

function countProcesses(reports: NativeHeldReport[]): Processes {
  const answers = new Map<number, Set<NativeHeldReport['answer']>>();
  for (const { pid, answer } of reports) answers.set(pid, (answers.get(pid) ?? new Set()).add(answer));
  const best = [...answers.values()].map((given) => (['told', 'refused'] as const).find((answer) => given.has(answer)));
  const count = (wanted: 'told' | 'refused' | undefined) => best.filter((answer) => answer === wanted).length;
  return { told: count('told'), refused: count('refused'), silent: count(undefined) };
}

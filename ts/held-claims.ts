import { promiseOf } from './keep-alive.js';
import { addon } from './load-addon.js';
import { log } from './log.js';
import type { NativeHeldReport } from './native.js';

/** How long the other processes may take to answer. One that takes longer is counted as silent. */
const ANSWER_TIMEOUT_MS = 1000;

/**
 * Asks every process of this network namespace that uses this library which claims it holds. A process of another user tells
 * root alone. Not public; `vmoffer top` shows it.
 *
 * @returns a promise that rejects with ERR_VMO_TOO_MANY when this process has too few descriptors left to ask.
 */
export async function askWhatIsHeld(timeoutMs = ANSWER_TIMEOUT_MS): Promise<NativeHeldReport[]> {
  const reports = await promiseOf<NativeHeldReport[]>((resolve, reject) => {
    addon().askWhatIsHeld(timeoutMs, (error, found) => {
      if (error) reject(error);
      else resolve(found ?? []);
    });
  });
  log.held('%d processes', reports.length);
  return reports;
}

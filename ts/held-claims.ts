import { promiseOf } from './keep-alive.js';
import { addon } from './load-addon.js';
import { log } from './log.js';
import type { NativeHolder } from './native.js';

/** How long the other processes here may take to tell; who is silent is counted as such. */
const ANSWER_TIMEOUT_MS = 1000;

/**
 * What the processes hold that can be seen from here: those of the same network namespace that use this library. Others'
 * are told to root alone. Not public; `vmoffer top` shows it.
 *
 * @returns a promise that rejects with ERR_VMO_TOO_MANY when this process has too few descriptors left to ask.
 */
export async function askWhatIsHeld(timeoutMs = ANSWER_TIMEOUT_MS): Promise<NativeHolder[]> {
  const holders = await promiseOf<NativeHolder[]>((resolve, reject) => {
    addon().askWhatIsHeld(timeoutMs, (error, found) => {
      if (error) reject(error);
      else resolve(found ?? []);
    });
  });
  log.held('%d processes', holders.length);
  return holders;
}

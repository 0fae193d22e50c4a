/** The most memory that two processes and the memory objects they hold take up together while something is done. */
import { readFileSync } from 'node:fs';
import { heldBytes } from '../spec/support/holders.js';

const LOOK_EVERY_MS = 2;

/** Private memory of the processes and, once each, the objects that they have descriptors of. */
function bytesOf(pids: readonly number[]): number {
  return heldBytes(pids) + pids.reduce((sum, pid) => sum + privateBytes(pid), 0);
}

function privateBytes(pid: number): number {
  const [, kibibytes = '0'] = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) * 1024;
}

/**
 * What the peak is above what it was before. `work` must leave the event loop free: that is where it is looked from.
 */
export async function peakAboveBefore(pids: readonly number[], work: () => Promise<void>): Promise<number> {
  const before = bytesOf(pids);
  let peak = before;
  const look = () => (peak = Math.max(peak, bytesOf(pids)));
  const timer = setInterval(look, LOOK_EVERY_MS);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return look() - before;
}

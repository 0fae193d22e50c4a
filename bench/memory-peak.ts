/** Finds the most memory that two processes and their memory objects take together during some work. */
import { readFileSync } from 'node:fs';
import { heldBytes } from '../spec/support/holders.js';

const LOOK_EVERY_MS = 2;

/** The private memory of the processes plus the memory objects of which they have descriptors, each counted once. */
function bytesOf(pids: readonly number[]): number {
  return heldBytes(pids) + pids.reduce((sum, pid) => sum + privateBytes(pid), 0);
}

function privateBytes(pid: number): number {
  const [, kibibytes = '0'] = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) * 1024;
}

/**
 * The peak during `work`, above the amount before. `work` must leave the event loop free, because the event loop samples.
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

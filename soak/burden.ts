/** What a process holds of the machine, once its garbage is collected. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { descriptorKinds } from '../spec/support/fds.js';
import { collectGarbage } from '../spec/support/garbage.js';

export const COUNTERS = ['descriptors', 'mappings', 'threads', 'resident', 'external', 'buffers', 'heap'] as const;

export type Counter = (typeof COUNTERS)[number];
/** Counts, and bytes from `resident` on. */
export type Burden = Record<Counter, number>;

const COLLECTIONS = 4;
/** Between two collections, so that finalizers run and brokers notice closed connections. */
const PAUSE_MS = 20;

export async function burden(): Promise<Burden> {
  for (let turn = 0; turn < COLLECTIONS; turn++) {
    collectGarbage();
    await pause(PAUSE_MS);
  }
  const { rss, external, arrayBuffers, heapUsed } = process.memoryUsage();
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    mappings: readFileSync('/proc/self/maps', 'latin1').split('\n').length,
    threads: readdirSync('/proc/self/task').length,
    resident: rss,
    external,
    buffers: arrayBuffers,
    heap: heapUsed,
  };
}

/** The kinds of the open descriptors, to explain a growth. */
export function kindsOfDescriptors(): string {
  return [...descriptorKinds()].map(([kind, count]) => `${count} × ${kind}`).join(', ');
}

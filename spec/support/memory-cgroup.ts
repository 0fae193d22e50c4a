/**
 * Memory cgroups for specs, only below the cgroup whose path is in VMOFFER_CGROUP. Not below the process's own: that belongs to
 * the one who started the process, and a process that leaves it leaves its limits.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Need } from './requires.js';

const parent = process.env['VMOFFER_CGROUP'];
/** The file with the memory charged to a cgroup, in version 2 and in version 1. */
const USAGE_FILES = ['memory.current', 'memory.usage_in_bytes'];

export const ownCgroup: Need = {
  what: 'a memory cgroup of its own',
  remedy:
    'as root, make one without processes in it (echo +memory > /sys/fs/cgroup/cgroup.subtree_control; mkdir /sys/fs/cgroup/vmoffer; version 1: mkdir /sys/fs/cgroup/memory/vmoffer), and name its path in VMOFFER_CGROUP',
  isMet: () => parent !== undefined && existsSync(join(parent, 'cgroup.procs')),
};

export class MemoryCgroup implements Disposable {
  readonly #path: string;

  constructor(name: string) {
    if (parent === undefined) throw new Error('VMOFFER_CGROUP names no cgroup');
    const control = join(parent, 'cgroup.subtree_control');
    if (existsSync(control)) writeFileSync(control, '+memory');
    this.#path = join(parent, `${name}-${process.pid}`);
    mkdirSync(this.#path);
  }

  /** Memory that the process takes from now on is charged here. Memory that it has already is not. */
  add(pid: number): void {
    writeFileSync(join(this.#path, 'cgroup.procs'), String(pid));
  }

  get chargedBytes(): number {
    const file = USAGE_FILES.map((name) => join(this.#path, name)).find(existsSync);
    if (file === undefined) throw new Error(`${this.#path} does not account for memory`);
    return Number(readFileSync(file, 'utf8'));
  }

  /** REQUIRES: its processes have ended. */
  [Symbol.dispose](): void {
    rmdirSync(this.#path);
  }
}

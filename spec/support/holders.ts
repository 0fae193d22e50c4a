/** Which processes have a memory object, by a descriptor or by a mapping, as the kernel tells. */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { until } from './barriers.js';

const OBJECT = '/memfd:vmoffer';
const BLOCK_BYTES = 512;

interface HeldObject {
  inode: number;
  byteLength: number;
}

/** The live processes among `pids` that have the object with that inode. */
export function holdersOf(inode: number, pids: readonly number[]): number[] {
  return pids.filter((pid) => mapsObject(pid, inode) || objectsOf(pid).some((object) => object.inode === inode));
}

/** How many descriptors of memory objects the process has. */
export function objectDescriptors(pid: number): number {
  return objectsOf(pid).length;
}

/** The inodes of the memory objects that the process has descriptors of. */
export function objectInodes(pid: number): number[] {
  return objectsOf(pid).map(({ inode }) => inode);
}

/** How much memory is taken by the objects that the processes have descriptors of. Each object counts once. */
export function heldBytes(pids: readonly number[]): number {
  const objects = new Map(pids.flatMap(objectsOf).map(({ inode, byteLength }) => [inode, byteLength]));
  return [...objects.values()].reduce((sum, byteLength) => sum + byteLength, 0);
}

/** Resolves once they take so much. Copied pages are given back by a thread that may get its turn late. */
export function untilHeld(pids: readonly number[], byteLength: number): Promise<void> {
  return until(`the memory objects take ${byteLength} bytes`, () => heldBytes(pids) === byteLength);
}

function mapsObject(pid: number, inode: number): boolean {
  const lines = ifThere(() => readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n')) ?? [];
  return lines.some((line) => line.includes(OBJECT) && line.split(/\s+/)[4] === String(inode));
}

function objectsOf(pid: number): HeldObject[] {
  const folder = `/proc/${pid}/fd`;
  const names = ifThere(() => readdirSync(folder)) ?? [];
  return names.flatMap((name) => ifThere(() => objectAt(`${folder}/${name}`)) ?? []);
}

function objectAt(path: string): HeldObject[] {
  if (!readlinkSync(path).startsWith(OBJECT)) return [];
  const { ino, blocks } = statSync(path);
  return [{ inode: ino, byteLength: blocks * BLOCK_BYTES }];
}

/** Undefined if the process or the descriptor has gone meanwhile. */
function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

/**
 * The contents of a soak's memory: tagged pages that say which process made them, and at which address, so that a claimer
 * knows what it must find.
 */
import { differenceFromPages, fillPages, PAGE } from '../spec/support/pages.js';

const FIRST_WORD_BYTES = 8;

function seedOf(pid: number): number {
  return pid & 0xffff;
}

function pageNumberAt(address: bigint): number {
  return Number((address >> 12n) & 0x7fff_ffffn);
}

export function fillAt(view: Uint8Array, pid: number, address: bigint): void {
  fillPages(view, seedOf(pid), pageNumberAt(address));
}

/** The first difference from memory that `pid` has made at that address, in words; undefined if there is none. */
export function differenceAt(view: Uint8Array, pid: number, address: bigint): string | undefined {
  return differenceFromPages(view, seedOf(pid), pageNumberAt(address));
}

/** The same for memory that may have been passed on: its own pages say where it comes from. */
export function differenceFromItself(view: Uint8Array): string | undefined {
  const head = Buffer.from(view.buffer, view.byteOffset, FIRST_WORD_BYTES);
  return differenceFromPages(view, head.readUInt16LE(4), head.readUInt32LE(0));
}

export function isMadeBy(view: Uint8Array, pid: number): boolean {
  return Buffer.from(view.buffer, view.byteOffset, FIRST_WORD_BYTES).readUInt16LE(4) === seedOf(pid);
}

export { PAGE };

/**
 * The layout of the memory of a channel. docs/channel.md has the grammar and an example. Pure.
 *
 * All words are 32 bits long, and each has one writer. A word of the other side is read once and then checked.
 */
import { VmoError } from '../../errors.js';
import { roundUp } from '../../units.js';

const MAGIC = 0x434f4d56; // "VMOC" in memory
const VERSION = 1;
const HEADER_BYTES = 4096;
const WORD_BYTES = 4;
const CACHE_LINE_BYTES = 64;
/** The largest page of any machine. */
const MAX_PAGE_BYTES = 65_536;

export const SLOT_HEADER_BYTES = 8;
export const MIN_SLOTS = 2;
export const MAX_SLOTS = 65_536;
/** The description of an enclosure must fit. */
export const MIN_SLOT_BYTES = 56;
/** The limit for both rings together: an acceptor maps memory that any process may offer. */
export const MAX_RINGS_BYTES = 256 * 1024 * 1024;

/** Words of the header. */
const MAGIC_WORD = 0;
const VERSION_WORD = 1;
const SLOTS_WORD = 2;
const SLOT_BYTES_WORD = 3;

/** Words of one direction, each at the start of 128 bytes of its own, because processors fetch cache lines in pairs. */
export const HEAD_WORD = 0;
export const TAIL_WORD = 32;
export const WRITER_SLEEPS_WORD = 64;
export const READER_SLEEPS_WORD = 96;
export const CLOSED_WORD = 128;
/** The writer's core plus 1: a hint, which the reader need not trust. Older releases leave 0. */
export const CORE_WORD = 160;
const DIRECTION_WORDS = [256, 512] as const;

/** The kinds of slot contents. */
export const KIND_BYTES = 0;
/** A region that is offered beside the ring; the slot describes the offer. */
export const KIND_REGION = 1;
/** Bytes that did not fit a slot. They are at the start of an offered region. */
export const KIND_LARGE = 2;

/** The size of a channel. */
export interface RingSize {
  slots: number;
  slotBytes: number;
}

/** One direction: where its words and slots begin. */
export interface RingLayout extends RingSize {
  /** Index of the direction's first word. */
  firstWord: number;
  /** Byte offset of the first slot. */
  firstSlot: number;
  /** Bytes from one slot to the next. */
  strideBytes: number;
}

/** One side opened the channel, the other accepted it. */
export type Side = 'opener' | 'acceptor';

function strideOf(slotBytes: number): number {
  return roundUp(SLOT_HEADER_BYTES + slotBytes, CACHE_LINE_BYTES);
}

function ringsBytes({ slots, slotBytes }: RingSize): number {
  return 2 * slots * strideOf(slotBytes);
}

export function fitsRings(size: RingSize): boolean {
  return ringsBytes(size) <= MAX_RINGS_BYTES;
}

/** The length of a channel's memory, in whole pages. */
export function regionBytes(size: RingSize, pageSize: number): number {
  return roundUp(HEADER_BYTES + ringsBytes(size), pageSize);
}

/** The ring that this side writes. The other side reads it. */
export function ringWrittenBy(side: Side, { slots, slotBytes }: RingSize): RingLayout {
  const strideBytes = strideOf(slotBytes);
  const isFirst = side === 'opener';
  return {
    slots,
    slotBytes,
    strideBytes,
    firstWord: isFirst ? DIRECTION_WORDS[0] : DIRECTION_WORDS[1],
    firstSlot: HEADER_BYTES + (isFirst ? 0 : slots * strideBytes),
  };
}

export function otherSide(side: Side): Side {
  return side === 'opener' ? 'acceptor' : 'opener';
}

/** REQUIRES: the memory is all zeros. */
export function writeHeader(words: Int32Array, { slots, slotBytes }: RingSize): void {
  words[VERSION_WORD] = VERSION;
  words[SLOTS_WORD] = slots;
  words[SLOT_BYTES_WORD] = slotBytes;
  Atomics.store(words, MAGIC_WORD, MAGIC);
}

/** To be called before the memory is read. @throws {VmoError} ERR_VMO_PROTOCOL if no channel can be that long. */
export function checkRegionBytes(byteLength: number): void {
  if (byteLength < HEADER_BYTES) throw refused(`${byteLength} bytes, which hold no header`);
  if (byteLength > HEADER_BYTES + MAX_RINGS_BYTES + MAX_PAGE_BYTES) throw refused(`${byteLength} bytes`);
}

/**
 * Reads and checks the opener's header, each word once. REQUIRES: checkRegionBytes().
 *
 * @throws {VmoError} ERR_VMO_PROTOCOL if the memory is no channel, or its length does not match its header.
 */
export function readHeader(words: Int32Array, pageSize: number): RingSize {
  const byteLength = words.length * WORD_BYTES;
  const magic = Atomics.load(words, MAGIC_WORD);
  const version = Atomics.load(words, VERSION_WORD);
  const slots = Atomics.load(words, SLOTS_WORD);
  const slotBytes = Atomics.load(words, SLOT_BYTES_WORD);
  if (magic !== MAGIC) throw refused('memory that does not begin with the magic number');
  if (version !== VERSION) {
    throw refused(
      `version ${version} where this process has ${VERSION}; use the same release of vmoffer on both sides`,
    );
  }
  const isInBounds = slots >= MIN_SLOTS && slots <= MAX_SLOTS && slotBytes >= MIN_SLOT_BYTES;
  if (!isInBounds || !fitsRings({ slots, slotBytes })) throw refused(`${slots} slots of ${slotBytes} bytes`);
  if (byteLength !== regionBytes({ slots, slotBytes }, pageSize)) {
    throw refused(`${byteLength} bytes for ${slots} slots of ${slotBytes} bytes`);
  }
  return { slots, slotBytes };
}

function refused(what: string): Error {
  return new VmoError('ERR_VMO_PROTOCOL', `the other process offered a channel with ${what}; it was not accepted`);
}

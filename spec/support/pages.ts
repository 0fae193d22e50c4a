/**
 * Tagged pages: their contents are made from the page's number and a seed, so that a page that is missing, stale or in the
 * wrong place differs from the right one, and says which page it is.
 */
import { AssertionError } from 'chai';

export const PAGE = 4096;
const WORDS_PER_PAGE = PAGE / 8;
const TAG = 0x7a67n << 48n;

/** Word 0 names the page and the seed; the rest follow from it and from their own place. */
function wordOf(page: number, seed: number, index: number): bigint {
  const name = TAG | (BigInt(seed & 0xffff) << 32n) | BigInt(page);
  return index === 0 ? name : BigInt.asUintN(64, (name ^ BigInt(index)) * 0x9e3779b97f4a7c15n);
}

/** Fills whole pages; `firstPage` is the number of the view's first page. */
export function fillPages(view: Uint8Array, seed: number, firstPage = 0): void {
  const words = wordsOf(view);
  for (let at = 0; at < words.length; at++) {
    words[at] = wordOf(firstPage + Math.floor(at / WORDS_PER_PAGE), seed, at % WORDS_PER_PAGE);
  }
}

/** Describes the first difference from tagged pages; undefined if there is none. */
export function differenceFromPages(view: Uint8Array, seed: number, firstPage = 0): string | undefined {
  const words = wordsOf(view);
  const at = words.findIndex(
    (word, index) => word !== wordOf(firstPage + Math.floor(index / WORDS_PER_PAGE), seed, index % WORDS_PER_PAGE),
  );
  if (at < 0) return undefined;
  const page = Math.floor(at / WORDS_PER_PAGE);
  const head = words[page * WORDS_PER_PAGE] ?? 0n;
  return `page ${firstPage + page}, byte ${(at % WORDS_PER_PAGE) * 8}: ${describeHead(head, at % WORDS_PER_PAGE)}`;
}

/** Fails with the first difference, and also if there are no pages to compare. */
export function expectPages(view: Uint8Array, seed: number, firstPage = 0): void {
  if (view.byteLength === 0) throw new AssertionError('there is no page to look at');
  const difference = differenceFromPages(view, seed, firstPage);
  if (difference !== undefined) throw new AssertionError(`not the pages of seed ${seed}: ${difference}`);
}

/** Whether every byte is zero. */
export function isZeroed(view: Uint8Array): boolean {
  return wordsOf(view).every((word) => word === 0n);
}

/**
 * The number of the page of that seed that begins with these bytes; undefined if none does. It computes with numbers, so that
 * it leaves no BigInt in the heap that looks like the head of a page.
 */
export function pageNumberOf(head: Buffer, seed: number): number | undefined {
  const isPage = head.readUInt16LE(6) === Number(TAG >> 48n) && head.readUInt16LE(4) === (seed & 0xffff);
  return isPage ? head.readUInt32LE(0) : undefined;
}

function describeHead(head: bigint, wordIndex: number): string {
  if (head === 0n) return 'the page begins with zeros';
  if (head >> 48n !== TAG >> 48n) return 'the page has no tag';
  const whose = `page ${head & 0xffffffffn} of seed ${(head >> 32n) & 0xffffn}`;
  return wordIndex === 0 ? `here is ${whose}` : `it begins as ${whose} and goes on otherwise`;
}

function wordsOf(view: Uint8Array): BigUint64Array {
  if (view.byteLength % PAGE !== 0) throw new Error(`tagged pages are whole pages, not ${view.byteLength} bytes`);
  return new BigUint64Array(view.buffer, view.byteOffset, view.byteLength / 8);
}

/** Finds the tagged pages that this process can reach through any of its descriptors or mappings. */
import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { openDescriptors } from './fds.js';
import { allMappings, type MemoryMapping } from './mappings.js';
import { pageNumberOf, PAGE } from './pages.js';
import { presentPages } from './residency.js';

const head = Buffer.alloc(8);
/** Longer mappings are a sanitizer's shadow of all addresses, which takes days to search. These specs map nothing so long. */
const SHADOW_BYTES = 2 ** 40;

/** The numbers of the pages of that seed, each once, in order. */
export function pagesInReach(seed: number): number[] {
  const found = [...pagesOfDescriptors(seed), ...pagesOfMappings(seed)];
  return [...new Set(found)].sort((a, b) => a - b);
}

function pagesOfDescriptors(seed: number): number[] {
  return [...openDescriptors()].flatMap(([descriptor, target]) => {
    if (!target.startsWith('/memfd:')) return [];
    try {
      return [...pagesOfFile(descriptor, seed), ...reopened(descriptor, seed)];
    } catch (error) {
      if (isClosed(error)) return []; // since it was listed, by a thread that punches behind what it has pulled
      throw error;
    }
  });
}

function isClosed(error: unknown): boolean {
  return ['EBADF', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** The same through a descriptor that is opened anew, and after an attempt to make the object longer. */
function reopened(descriptor: number, seed: number): number[] {
  let again: number | undefined;
  try {
    again = openSync(`/proc/self/fd/${descriptor}`, 'r+');
    ftruncateSync(again, fstatSync(again).size * 100);
  } catch {
    again ??= openSync(`/proc/self/fd/${descriptor}`, 'r');
  }
  try {
    return pagesOfFile(again, seed);
  } finally {
    closeSync(again);
  }
}

function pagesOfFile(descriptor: number, seed: number): number[] {
  const pageCount = fstatSync(descriptor).size / PAGE;
  return Array.from({ length: pageCount }, (_, page) => pageAt(descriptor, page * PAGE, seed)).flat();
}

/** The present pages of each readable mapping. */
function pagesOfMappings(seed: number): number[] {
  const memory = openSync('/proc/self/mem', 'r');
  try {
    return allMappings()
      .filter(({ permissions, name }) => permissions.startsWith('r') && !name.startsWith('[v'))
      .filter(({ address, end }) => Number(end - address) < SHADOW_BYTES)
      .flatMap((mapping) => pagesOfMapping(memory, mapping, seed));
  } finally {
    closeSync(memory);
  }
}

function pagesOfMapping(memory: number, { address, end }: MemoryMapping, seed: number): number[] {
  return presentPages(address, Number(end - address)).flatMap((isPresent, page) =>
    isPresent ? pageAt(memory, address + BigInt(page * PAGE), seed) : [],
  );
}

function pageAt(descriptor: number, position: number | bigint, seed: number): number[] {
  try {
    if (readSync(descriptor, head, 0, head.length, position) < head.length) return [];
  } catch {
    return []; // gone since it was listed
  }
  const page = pageNumberOf(head, seed);
  return page === undefined ? [] : [page];
}

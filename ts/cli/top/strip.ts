const LEVELS = '·▁▂▃▄▅▆▇█';
const FULL_SHARE = 255;

/**
 * Where a claim is resident, from its first page to its last: a dot where nothing is, a full block where everything is.
 *
 * @param cells shares from 0 to 255; empty if not known.
 * @param width in characters.
 */
export function strip(cells: readonly number[], width: number): string {
  if (cells.length === 0) return '?'.padEnd(width);
  return Array.from({ length: width }, (_, index) => character(shareAt(cells, index, width))).join('');
}

/** The mean of the cells that one character stands for. */
function shareAt(cells: readonly number[], index: number, width: number): number {
  const first = Math.floor((index * cells.length) / width);
  const end = Math.max(first + 1, Math.floor(((index + 1) * cells.length) / width));
  const covered = cells.slice(first, end);
  return covered.reduce((sum, share) => sum + share, 0) / covered.length;
}

/** A share that is neither 0 nor whole never looks empty or full. */
function character(share: number): string {
  const between = LEVELS.length - 2;
  if (share <= 0) return LEVELS.charAt(0);
  if (share >= FULL_SHARE) return LEVELS.charAt(LEVELS.length - 1);
  return LEVELS.charAt(1 + Math.min(between - 1, Math.floor((share * between) / FULL_SHARE)));
}

/** Summarizes the values of one measurement. */
import { max, median, min } from 'simple-statistics';

export { median, quantile } from 'simple-statistics';

export interface Summary {
  median: number;
  least: number;
  most: number;
  count: number;
}

/** Throws if there are no values. */
export function summarize(values: readonly number[]): Summary {
  const copy = [...values];
  return { median: median(copy), least: min(copy), most: max(copy), count: copy.length };
}

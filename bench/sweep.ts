/** Measurements of several ways at several sizes, as curves for pictures and crossings. */
import type { Samples } from './comparison.js';
import { crossingOf, type Curve } from './crossing.js';
import type { Axis, Point } from './plots.js';
import { summarize } from './statistics.js';
import { formatValue } from './units.js';

/** The name of a measurement of a sweep. */
export function sweepName(way: string, byteLength: number): string {
  return `${way}, ${formatValue(byteLength, 'bytes')}`;
}

/** Sizes from one to another, each `factor` times the one before. */
export function sizeSteps(from: number, to: number, factor: number): number[] {
  const sizes: number[] = [];
  for (let byteLength = from; byteLength <= to; byteLength *= factor) sizes.push(byteLength);
  return sizes;
}

export class Sweep {
  readonly #samples: Samples;
  readonly #sizes: readonly number[];

  constructor(samples: Samples, sizes: readonly number[]) {
    this.#samples = samples;
    this.#sizes = sizes;
  }

  get axis(): Axis {
    return { title: 'size', marks: this.#sizes.map((byteLength) => [byteLength, formatValue(byteLength, 'bytes')]) };
  }

  /** The points of a way, which need not be measured at every size. */
  points(way: string, line = way): Point[] {
    return this.#sizes.flatMap((byteLength) => {
      const values = this.#values(way, byteLength);
      return values.length === 0 ? [] : [{ line, x: byteLength, ...summarize(values) }];
    });
  }

  /** For each round the size from which `late` stays cheaper than `early`, see `crossingOf`. */
  crossings(early: string, late: string): number[] {
    const shared = this.#sizes.filter((size) => [early, late].every((way) => this.#values(way, size).length > 0));
    const rounds = this.#values(early, shared[0] ?? 0).length;
    return Array.from({ length: rounds }, (_, round) => {
      const curveOf = (way: string): Curve =>
        shared.map((byteLength) => [byteLength, this.#values(way, byteLength)[round] ?? NaN]);
      return crossingOf(curveOf(early), curveOf(late));
    });
  }

  #values(way: string, byteLength: number): readonly number[] {
    return this.#samples.get(sweepName(way, byteLength)) ?? [];
  }
}

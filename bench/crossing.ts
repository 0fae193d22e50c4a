/** Finds the size from which one way is cheaper than another. */

/** The time that something takes, by the number of bytes. Sizes ascend. */
export type Curve = readonly (readonly [byteLength: number, ms: number])[];

/**
 * The size from which `late` stays cheaper than `early`, interpolated between the measured sizes on logarithmic scales. The
 * smallest size if it always is; Infinity if it is not at the largest.
 *
 * REQUIRES: both have the same sizes.
 */
export function crossingOf(early: Curve, late: Curve): number {
  const gains = early.map(([byteLength, ms], index) => {
    const [otherLength, otherMs] = late[index] ?? [NaN, NaN];
    if (byteLength !== otherLength) throw new RangeError('curves that are compared have the same sizes');
    return { byteLength, gain: Math.log(ms / otherMs) };
  });
  const lastLoss = gains.map(({ gain }) => gain <= 0).lastIndexOf(true);
  const [before, after] = [gains[lastLoss], gains[lastLoss + 1]];
  if (!before) return gains[0]?.byteLength ?? NaN;
  return after ? between(before, after) : Infinity;
}

interface Gain {
  byteLength: number;
  gain: number;
}

/** The size at which the straight line between two points crosses zero gain. */
function between(before: Gain, after: Gain): number {
  const share = before.gain / (before.gain - after.gain);
  return before.byteLength * (after.byteLength / before.byteLength) ** share;
}

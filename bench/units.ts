/** What measurements are in, and how they are written. */

export const KIB = 1 << 10;
export const MIB = 1 << 20;
export const GIB = 1 << 30;

/** `rate`: so many a second. Of the others less is better. */
export type Unit = 'ms' | 'bytes' | 'rate';

interface Scale {
  factor: number;
  name: string;
}

const SMALLEST: Record<Unit, Scale> = {
  ms: { factor: 1e-6, name: 'ns' },
  bytes: { factor: 1, name: 'bytes' },
  rate: { factor: 1, name: '/s' },
};

/** From the largest down. */
const SCALES: Record<Unit, readonly Scale[]> = {
  ms: [
    { factor: 1e3, name: 's' },
    { factor: 1, name: 'ms' },
    { factor: 1e-3, name: 'µs' },
  ],
  bytes: [
    { factor: GIB, name: 'GiB' },
    { factor: MIB, name: 'MiB' },
    { factor: KIB, name: 'KiB' },
  ],
  rate: [
    { factor: 1e6, name: 'M/s' },
    { factor: 1e3, name: 'k/s' },
  ],
};

/** Infinity: the size from which on something is so, when it is not. JSON has no such number, either. */
export const NEVER = 'never';

const RATIO: Scale = { factor: 1, name: '×' };

function scaleOf(value: number, unit: Unit): Scale {
  const fits = ({ factor }: Scale) => Math.abs(value) >= factor;
  return SCALES[unit].find(fits) ?? SMALLEST[unit];
}

export function formatValue(value: number, unit: Unit = 'ms'): string {
  return formatAt(scaleOf(value, unit), value);
}

/** `12 ms (11–14)`: all three in what suits the one in the middle. */
export function formatSpread(least: number, middle: number, most: number, unit: Unit = 'ms'): string {
  return spreadAt(scaleOf(middle, unit), least, middle, most);
}

export function formatRatioSpread(least: number, middle: number, most: number, unit: Unit = 'ms'): string {
  // A target for memory lies in the second decimal.
  return spreadAt(RATIO, least, middle, most, unit === 'bytes' && middle < 10 ? 5 : 3);
}

function spreadAt(scale: Scale, least: number, middle: number, most: number, digits = 3): string {
  const shown = formatAt(scale, middle, digits);
  if (least === most) return shown;
  return `${shown} (${significant(least / scale.factor, digits)}–${significant(most / scale.factor, digits)})`;
}

function formatAt({ factor, name }: Scale, value: number, digits = 3): string {
  if (value === Infinity) return NEVER;
  return `${significant(value / factor, digits)} ${name}`;
}

/** So many digits that say something, and no fewer before the point. */
function significant(value: number, digits: number): string {
  if (value === Infinity) return NEVER;
  if (Math.abs(value) >= 10 ** (digits - 1)) return value.toFixed(0);
  return Number(value.toPrecision(digits)).toString();
}

/** The units of measurements, and how values are written. */

export const KIB = 1 << 10;
export const MIB = 1 << 20;
export const GIB = 1 << 30;

/** A `rate` is per second, and more is better. For the others, less is better. */
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

/** The largest scale first. */
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

/** Stands for Infinity, which JSON cannot express: a crossing that is never reached. */
export const NEVER = 'never';

const RATIO: Scale = { factor: 1, name: '×' };

function scaleOf(value: number, unit: Unit): Scale {
  const fits = ({ factor }: Scale) => Math.abs(value) >= factor;
  return SCALES[unit].find(fits) ?? SMALLEST[unit];
}

export function formatValue(value: number, unit: Unit = 'ms'): string {
  return formatAt(scaleOf(value, unit), value);
}

/** `12 ms (11–14)`: all three in the scale that suits the middle one. */
export function formatSpread(least: number, middle: number, most: number, unit: Unit = 'ms'): string {
  return spreadAt(scaleOf(middle, unit), least, middle, most);
}

export function formatRatioSpread(least: number, middle: number, most: number, unit: Unit = 'ms'): string {
  // The target for memory differs from 1 in the second decimal.
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

/** `digits` significant digits, but never fewer than the integer part has. */
function significant(value: number, digits: number): string {
  if (value === Infinity) return NEVER;
  if (Math.abs(value) >= 10 ** (digits - 1)) return value.toFixed(0);
  return Number(value.toPrecision(digits)).toString();
}

export const MIB = 1024 * 1024;

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function isMultiple(value: number, unit: number): boolean {
  return value % unit === 0;
}

export function roundDown(value: number, unit: number): number {
  return value - (value % unit);
}

export function roundUp(value: number, unit: number): number {
  return roundDown(value + unit - 1, unit);
}

export function formatAddress(address: bigint): string {
  return `0x${address.toString(16)}`;
}

export function formatBytes(byteLength: number): string {
  let amount = byteLength;
  let unit = 0;
  while (amount >= 1024 && unit < UNITS.length - 1) {
    amount /= 1024;
    unit++;
  }
  return `${Number.isInteger(amount) ? amount : amount.toFixed(1)} ${UNITS[unit] ?? ''}`;
}

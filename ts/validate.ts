import { inspect } from 'node:util';
import { invalidArgument } from './errors.js';
import { formatAddress, isMultiple, roundDown, roundUp } from './units.js';

/** The kernel's PID_MAX_LIMIT on 64 bits. */
export const MAX_PID = 4_194_304;
/** The longest timer of the event loop: about 24.8 days. */
export const MAX_TIMEOUT_MS = 2_147_483_647;
const ADDRESS_LIMIT = 1n << 63n;

export function describeValue(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  return inspect(value, { depth: -1, maxStringLength: 40, breakLength: Infinity });
}

export function checkPid(pid: unknown, name: string): asserts pid is number {
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid < 1 || pid > MAX_PID) {
    throw invalidArgument(
      `${name} must be the pid of one process, an integer from 1 to ${MAX_PID}, got ${describeValue(pid)}; pass its process.pid`,
      typeof pid === 'number' ? { pid } : {},
    );
  }
}

export function checkAddress(address: unknown, name: string, pageSize: number): asserts address is bigint {
  if (typeof address !== 'bigint') {
    throw invalidArgument(
      `${name} must be a bigint, got ${describeValue(address)}; addresses exceed what a number holds exactly, write them as 0x7f…n or BigInt(text)`,
    );
  }
  if (address <= 0n || address >= ADDRESS_LIMIT) {
    throw invalidArgument(`${name} ${address}n is not an address; pass a region's or an offer's address`);
  }
  if (address % BigInt(pageSize) !== 0n) {
    throw invalidArgument(
      `${name} ${formatAddress(address)} does not begin a page (a page is ${pageSize} bytes); pass a multiple of ${pageSize}`,
      { address },
    );
  }
}

export function checkWholePages(value: unknown, name: string, pageSize: number): asserts value is number {
  checkLength(value, name);
  if (value === 0) throw invalidArgument(`${name} must be at least one page of ${pageSize} bytes, got 0`);
  if (!isMultiple(value, pageSize)) throw notWholePages(value, name, pageSize);
}

export function checkPageOffset(value: unknown, name: string, pageSize: number): asserts value is number {
  checkLength(value, name);
  if (!isMultiple(value, pageSize)) throw notWholePages(value, name, pageSize);
}

function notWholePages(value: number, name: string, pageSize: number): Error {
  const below = roundDown(value, pageSize);
  const above = roundUp(value, pageSize);
  return invalidArgument(
    `${name} ${value} is not a whole number of pages (a page is ${pageSize} bytes); use ${below > 0 ? `${below} or ` : ''}${above}`,
  );
}

export function checkLength(value: unknown, name: string): asserts value is number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw invalidArgument(
      `${name} must be a number of bytes, an integer from 0 to 2^53 - 1, got ${describeValue(value)}`,
    );
  }
}

export function checkWithin(byteOffset: number, byteLength: number, limit: number): void {
  if (byteOffset > limit) {
    throw invalidArgument(`byteOffset ${byteOffset} is beyond the region's ${limit} bytes; begin inside it`);
  }
  if (byteOffset + byteLength > limit) {
    throw invalidArgument(
      `the range of ${byteLength} bytes at offset ${byteOffset} ends at ${byteOffset + byteLength}, beyond the region's ${limit} bytes; shorten it by ${byteOffset + byteLength - limit}`,
    );
  }
}

export function checkTimeout(timeoutMs: unknown): asserts timeoutMs is number {
  if (typeof timeoutMs !== 'number' || !(timeoutMs > 0) || timeoutMs > MAX_TIMEOUT_MS) {
    throw invalidArgument(
      `timeoutMs must be a number of milliseconds above 0 and up to ${MAX_TIMEOUT_MS}, got ${describeValue(timeoutMs)}`,
    );
  }
}

export function checkBoolean(value: unknown, name: string): asserts value is boolean {
  if (typeof value !== 'boolean') throw invalidArgument(`${name} must be true or false, got ${describeValue(value)}`);
}

export function checkFunction(value: unknown, name: string): void {
  if (value !== undefined && typeof value !== 'function') {
    throw invalidArgument(`${name} must be a function, got ${describeValue(value)}`);
  }
}

export function checkSignal(signal: unknown): asserts signal is AbortSignal | undefined {
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalidArgument(
      `signal must be an AbortSignal, got ${describeValue(signal)}; pass new AbortController().signal or AbortSignal.timeout(ms)`,
    );
  }
}

export function checkOptions(options: unknown): asserts options is object {
  if (typeof options !== 'object' || options === null) {
    throw invalidArgument(`options must be an object, got ${describeValue(options)}; leave it out for the defaults`);
  }
}

/** A URL, or its text; undefined if it is neither. */
export function parseUrl(value: unknown): URL | undefined {
  const text = value instanceof URL ? value.href : value;
  return typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
}

export function checkOneOf<T extends string>(value: unknown, name: string, allowed: readonly T[]): asserts value is T {
  if (!(allowed as readonly unknown[]).includes(value)) {
    const list = allowed.map((word) => `'${word}'`).join(', ');
    throw invalidArgument(`${name} must be one of ${list}, got ${describeValue(value)}`);
  }
}

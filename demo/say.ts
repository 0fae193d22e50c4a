import { SingleBar } from 'cli-progress';

/** One line of the story, with the process that tells it. */
export function say(who: 'source' | 'claimer', text: string): void {
  console.log(`  ${who.padEnd(7)} ${String(process.pid).padStart(7)}  ${text}`);
}

export function count(value: number): string {
  return value.toLocaleString('en');
}

/** A number of things: `'1 page'`, `'1,000 pages'`. */
export function countOf(value: number, thing: string): string {
  return `${count(value)} ${thing}${value === 1 ? '' : 's'}`;
}

export function megabytes(byteLength: number): string {
  return byteLength < 1e6 ? countOf(byteLength, 'byte') : `${count(Math.round(byteLength / 1e6))} MB`;
}

export function milliseconds(ms: number): string {
  return `${ms < 10 ? ms.toFixed(2) : count(Math.round(ms))} ms`;
}

export function bytesPerSecond(byteLength: number, ms: number): string {
  const megabytes = byteLength / ms / 1e3;
  return megabytes < 100 ? `${megabytes.toPrecision(2)} MB/s` : `${(megabytes / 1e3).toFixed(2)} GB/s`;
}

/** A bar on a terminal; nothing where there is none. */
export function startBar(label: string, totalBytes: number): SingleBar {
  const format = `  ${label} {bar} {percentage} %`;
  const bar = new SingleBar({ format, clearOnComplete: true, hideCursor: true, fps: 30 });
  bar.start(totalBytes, 0);
  return bar;
}

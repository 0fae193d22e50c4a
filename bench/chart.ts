/** A picture of a bench: one bar a measurement, on a logarithmic scale, as SVG. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Samples } from './comparison.js';
import { median } from './median.js';
import { formatMs } from './report.js';

const FOLDER = join('out', 'bench');
const LABEL_WIDTH = 220;
const BAR_WIDTH = 480;
const ROW_HEIGHT = 24;
const MARGIN = 16;
const AXIS_HEIGHT = 40;

interface Bar {
  label: string;
  ms: number;
}

/** Writes the picture and returns its path. */
export function writeChart(name: string, samples: Samples): string {
  const path = join(FOLDER, `${name}.svg`);
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(
    path,
    renderChart(
      `vmoffer bench: ${name}`,
      [...samples].map(([label, values]) => ({ label, ms: median(values) })),
    ),
  );
  return path;
}

export function renderChart(title: string, bars: readonly Bar[]): string {
  const lowest = Math.floor(Math.log10(Math.min(...bars.map(({ ms }) => ms))));
  const highest = Math.ceil(Math.log10(Math.max(...bars.map(({ ms }) => ms))));
  const scale = (ms: number) => ((Math.log10(ms) - lowest) / Math.max(highest - lowest, 1)) * BAR_WIDTH;
  const height = 2 * MARGIN + AXIS_HEIGHT + bars.length * ROW_HEIGHT;
  const width = LABEL_WIDTH + BAR_WIDTH + 100 + 2 * MARGIN;
  const decades = Array.from({ length: highest - lowest + 1 }, (_, index) => 10 ** (lowest + index));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${MARGIN}" y="${MARGIN + 10}" font-weight="bold">${escapeText(title)}</text>`,
    ...decades.map((ms) => renderGridLine(MARGIN + LABEL_WIDTH + scale(ms), height, formatMs(ms))),
    ...bars.map((bar, index) => renderBar(bar, scale(bar.ms), MARGIN + AXIS_HEIGHT + index * ROW_HEIGHT)),
    '</svg>\n',
  ].join('\n');
}

function renderGridLine(x: number, height: number, label: string): string {
  const top = MARGIN + AXIS_HEIGHT - 4;
  return `<line x1="${x}" x2="${x}" y1="${top}" y2="${height - MARGIN}" stroke="#ddd"/><text x="${x}" y="${top - 4}" text-anchor="middle" fill="#666" font-size="11">${label}</text>`;
}

function renderBar({ label, ms }: Bar, barWidth: number, y: number): string {
  const x = MARGIN + LABEL_WIDTH;
  return [
    `<text x="${x - 8}" y="${y + 14}" text-anchor="end">${escapeText(label)}</text>`,
    `<rect x="${x}" y="${y + 3}" width="${Math.max(barWidth, 1).toFixed(1)}" height="${ROW_HEIGHT - 8}" fill="#3a7ca5"/>`,
    `<text x="${(x + barWidth + 6).toFixed(1)}" y="${y + 14}" fill="#333">${formatMs(ms)}</text>`,
  ].join('');
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

/** The kinds of pictures that benches draw. */
import type { Samples } from './comparison.js';
import type { Plot } from './plot.js';
import { summarize } from './statistics.js';
import { formatValue, type Unit } from './units.js';

const INK = '#1f2933';
const MUTED = '#52606d';

/** The colours of Okabe and Ito, which colour-blind people can tell apart, and some more. */
const COLOURS = [
  '#d55e00',
  '#0072b2',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9',
  '#7f6000',
  '#8a8a8a',
  '#000000',
  '#b8b800',
  '#6a3d9a',
];

/** A mark on an axis, and its label. */
type Mark = readonly [at: number, label: string];

function axisOf(marks: readonly Mark[], more: object = {}) {
  const labels = Object.fromEntries(marks.map(([at, label]) => [String(at), label]));
  return { values: marks.map(([at]) => at), labelExpr: `(${JSON.stringify(labels)})[datum.value]`, ...more };
}

/** A logarithmic scale from a power of ten to another, marked at each. */
function decades(values: readonly number[], unit: Unit) {
  const logarithms = values.filter((value) => value > 0 && value < Infinity).map(Math.log10);
  const lowest = Math.floor(Math.min(...logarithms));
  const highest = Math.ceil(Math.max(...logarithms));
  const powers = Array.from({ length: highest - lowest + 1 }, (_, index) => Number(`1e${lowest + index}`));
  const scale = { type: 'log', domain: [powers[0], powers.at(-1)] };
  return { scale, axis: axisOf(powers.map((at) => [at, formatValue(at, unit)])), title: null };
}

/** One dot a measurement, on its spread, on a logarithmic scale. */
export function dotPlot(name: string, title: string, samples: Samples, unit: Unit): Plot {
  const values = [...samples].map(([measurement, found]) => {
    const summary = summarize(found);
    return { measurement, ...summary, label: formatValue(summary.median, unit) };
  });
  const y = { field: 'measurement', type: 'nominal', sort: null, title: null, axis: { labelLimit: 320, grid: true } };
  const scaled = decades([...samples.values()].flat(), unit);
  const at = (field: string) => ({ field, type: 'quantitative', ...scaled });
  return {
    name,
    title,
    spec: {
      width: 560,
      data: { values },
      encoding: { y },
      layer: [
        { mark: { type: 'rule', strokeWidth: 3, opacity: 0.5 }, encoding: { x: at('least'), x2: { field: 'most' } } },
        { mark: { type: 'point', filled: true, size: 70, opacity: 1 }, encoding: { x: at('median') } },
        { mark: { type: 'text', dy: -9, fontSize: 10 }, encoding: { x: at('median'), text: { field: 'label' } } },
      ],
    },
  };
}

/** A value of one of the lines: its median and its spread. */
export interface Point {
  line: string;
  x: number;
  median: number;
  least: number;
  most: number;
}

export interface Axis {
  title: string;
  marks: readonly Mark[];
}

/** Milliseconds over another quantity, both on logarithmic scales, with the lines in the given order. */
export function linePlot(name: string, title: string, axis: Axis, points: readonly Point[]): Plot {
  return { name, title, spec: { data: { values: points }, ...lines(axis, points) } };
}

/** The same, with labels where lines cross. */
export function crossingPlot(
  name: string,
  title: string,
  axis: Axis,
  points: readonly Point[],
  crossings: readonly { x: number; label: string }[],
): Plot {
  const { width, height, layer } = lines(axis, points);
  const named = crossings.map((crossing, index) => ({ ...crossing, y: 14 + 16 * index }));
  const x = placeOf(axis);
  const middle = Math.sqrt((axis.marks[0]?.[0] ?? 1) * (axis.marks.at(-1)?.[0] ?? 1));
  const rule = { mark: { type: 'rule', strokeDash: [4, 4], color: MUTED }, encoding: { x } };
  // The label goes to the side of its line that has room.
  const texts = (align: 'left' | 'right', isThere: (at: number) => boolean) => ({
    data: { values: named.filter((crossing) => isThere(crossing.x)) },
    mark: { type: 'text', align, dx: align === 'left' ? 5 : -5, fontSize: 11, color: INK },
    encoding: { x, y: { field: 'y', type: 'quantitative', scale: null }, text: { field: 'label' } },
  });
  const labels = [texts('left', (at) => at <= middle), texts('right', (at) => at > middle)];
  const layers = [{ data: { values: points }, layer }, { data: { values: named }, layer: [rule] }, ...labels];
  return { name, title, spec: { width, height, layer: layers } };
}

/** The same as several pictures in a row, one for each `facet`. */
export function facetPlot(
  name: string,
  title: string,
  axis: Axis,
  points: readonly (Point & { facet: string })[],
): Plot {
  const { layer, height } = lines(axis, points);
  const facet = { field: 'facet', type: 'nominal', title: null, sort: null };
  return { name, title, spec: { data: { values: points }, facet, columns: 2, spec: { width: 340, height, layer } } };
}

function placeOf({ title, marks }: Axis) {
  const places = marks.map(([at]) => at);
  return {
    field: 'x',
    type: 'quantitative',
    title,
    scale: { type: 'log', domain: [Math.min(...places), Math.max(...places)], nice: false },
    axis: axisOf(marks, { labelAngle: -40, labelOverlap: false }),
  };
}

function lines(axis: Axis, points: readonly Point[]) {
  const names = [...new Set(points.map(({ line }) => line))];
  const x = placeOf(axis);
  const range = points.flatMap(({ least, most }) => [least, most]);
  const y = { field: 'median', type: 'quantitative', ...decades(range, 'ms') };
  const color = {
    field: 'line',
    type: 'nominal',
    title: null,
    scale: { domain: names, range: names.map((_, index) => COLOURS[index % COLOURS.length]) },
  };
  // The library's own lines stand out.
  const isOwn = "datum.line === 'ours' || indexof(datum.line, 'vmoffer') === 0";
  const strokeWidth = { condition: { test: isOwn, value: 3.5 }, value: 1.5 };
  const spread = { x, y: { ...y, field: 'least' }, y2: { field: 'most' }, color };
  return {
    width: 620,
    height: 380,
    layer: [
      { mark: { type: 'line', point: true }, encoding: { x, y, color, strokeWidth } },
      { mark: { type: 'rule', opacity: 0.5 }, encoding: spread },
    ],
  };
}

/** Pictures, as SVG that brings its own background: it is read on light pages and on dark ones. */
import { parse, View } from 'vega';
import { compile, type Config, type TopLevelSpec } from 'vega-lite';
import type { Samples } from './comparison.js';
import { describeEnvironment, type Environment } from './environment.js';
import { summarize } from './statistics.js';
import { formatValue, type Unit } from './units.js';

export interface Plot {
  /** Of its file, without the ending. */
  name: string;
  title: string;
  /** As Vega-Lite has it, without title and config. */
  spec: object;
}

const INK = '#1f2933';
const FAINT = '#cfd8e3';

const config: Config = {
  background: '#ffffff',
  padding: 16,
  font: 'system-ui, sans-serif',
  title: { color: INK, subtitleColor: '#52606d', anchor: 'start', fontSize: 15, subtitleFontSize: 10, offset: 12 },
  axis: { labelColor: INK, titleColor: INK, gridColor: FAINT, gridOpacity: 0.5, domainColor: FAINT, tickColor: FAINT },
  legend: { labelColor: INK, titleColor: INK, labelLimit: 260, symbolStrokeWidth: 3 },
  view: { stroke: FAINT },
  // Okabe and Ito's, which the colour-blind can tell apart, with two greys.
  range: {
    category: [
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
    ],
  },
};

/** The machine and the versions are part of the picture. */
export async function renderPlot({ title, spec }: Plot, environment: Environment): Promise<string> {
  const heading = { text: title, subtitle: describeEnvironment(environment) };
  const { spec: vega } = compile({ ...spec, title: heading } as TopLevelSpec, { config });
  const view = new View(parse(vega), { renderer: 'none' });
  try {
    return `${await view.toSVG()}\n`;
  } finally {
    view.finalize();
  }
}

const AXIS_TITLES: Record<Unit, string> = { ms: 'milliseconds', bytes: 'bytes', rate: 'per second' };

/** One dot a measurement, on its spread, on a logarithmic scale. */
export function dotPlot(name: string, title: string, samples: Samples, unit: Unit): Plot {
  const values = [...samples].map(([measurement, found]) => {
    const summary = summarize(found);
    return { measurement, ...summary, label: formatValue(summary.median, unit) };
  });
  const y = { field: 'measurement', type: 'nominal', sort: null, title: null, axis: { labelLimit: 320, grid: true } };
  const at = (field: string) => ({ field, type: 'quantitative', scale: { type: 'log' }, title: AXIS_TITLES[unit] });
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

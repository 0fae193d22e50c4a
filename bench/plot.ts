/** Pictures, as SVG that brings its own background: it is read on light pages and on dark ones. */
import { parse, View } from 'vega';
import { compile, type Config, type TopLevelSpec } from 'vega-lite';
import { describeEnvironment, type Environment } from './environment.js';

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

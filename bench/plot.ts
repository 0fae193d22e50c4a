/** Renders pictures as SVG. They have their own background, for light pages and dark ones. */
import { parse, View } from 'vega';
import { compile, type Config, type TopLevelSpec } from 'vega-lite';
import { describeEnvironment, type Environment } from './environment.js';

export interface Plot {
  /** The name of its file, without the extension. */
  name: string;
  title: string;
  /** A Vega-Lite specification, without title and config. */
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

import type { Samples } from '../comparison.js';
import type { Plot } from '../plot.js';
import { dotPlot } from '../plots.js';
import { MESSAGE_BYTES, PAGE_BYTES, sceneOf } from './contestants.js';

const SMALL = sceneOf('one-way', MESSAGE_BYTES, 'apart');
const PAGE = sceneOf('one-way', PAGE_BYTES, 'apart');
const APART = sceneOf('ping-pong', MESSAGE_BYTES, 'apart');
const SAME = sceneOf('ping-pong', MESSAGE_BYTES, 'same');

/** Returns the plots that have measurements. On one core, some have none. */
export function channelPlots(rates: Samples, samples: Samples): Plot[] {
  const small = inScene(rates, SMALL);
  const page = inScene(rates, PAGE);
  const trips = new Map([...samples].filter(([name]) => name.endsWith(APART) || name.endsWith(SAME)));
  return [
    ...(small.size > 0 ? [dotPlot('channel', `Messages a second: ${SMALL}`, small, 'rate')] : []),
    ...(page.size > 0 ? [dotPlot('channel-page', `Messages a second: ${PAGE}`, page, 'rate')] : []),
    ...(trips.size > 0 ? [dotPlot('channel-round-trip', `There and back: ${MESSAGE_BYTES} bytes`, trips, 'ms')] : []),
  ];
}

/** Selects the measurements of one scene, and cuts the scene off their names. */
function inScene(samples: Samples, scene: string): Samples {
  const mark = `: ${scene}`;
  return new Map(
    [...samples].filter(([name]) => name.endsWith(mark)).map(([name, values]) => [name.slice(0, -mark.length), values]),
  );
}

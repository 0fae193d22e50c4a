import { setTimeout as pause } from 'node:timers/promises';
import type { Activity } from './activity.js';
import { Screen, type Ending } from './screen.js';

export interface Source {
  /** The activity since the last call; the first call has nothing to compare with. */
  next(): Promise<Activity>;
  render(activity: Activity, width: number, height: number): string[];
}

const HELP = 'q quits';

/** Shows the activity on the terminal, again after each interval, until the user ends it. */
export async function showLive(source: Source, intervalMs: number): Promise<Ending | undefined> {
  const { stdin, stdout } = process;
  const isStyled = !process.env['NO_COLOR'];
  let shown: Activity | undefined;
  const draw = () => {
    if (!shown) return;
    const lines = source.render(shown, stdout.columns, stdout.rows - 1);
    screen.draw([...lines, HELP.slice(0, stdout.columns)], isStyled);
  };
  using screen = new Screen(stdin, stdout, draw);
  while (!screen.ended.aborted) {
    shown = await source.next();
    draw();
    await pause(intervalMs, undefined, { signal: screen.ended }).catch(() => undefined);
  }
  return screen.ending;
}

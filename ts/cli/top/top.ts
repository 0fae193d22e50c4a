/** `vmoffer top`: which claims the visible processes hold, and what arrives in them. */
import { setTimeout as pause } from 'node:timers/promises';
import { addon } from '../../load-addon.js';
import { log } from '../../log.js';
import { activityBetween, type Activity } from './activity.js';
import { renderDocument } from './document.js';
import { showLive } from './live.js';
import { renderPage } from './page.js';
import { takeSnapshot, type Snapshot } from './snapshot.js';

export interface TopOptions {
  isJson: boolean;
  isOnce: boolean;
  intervalMs: number;
}

/** If nothing says how wide a line may be. */
const USUAL_WIDTH = 120;

/** @returns the text to print; empty if it was shown on the terminal. */
export async function top({ isJson, isOnce, intervalMs }: TopOptions): Promise<string> {
  const watch = new Watch();
  if (!isJson && !isOnce && canBeDrawnOn(process.stdout)) {
    const ending = await showLive(watch, intervalMs);
    log.cli('top has ended: %s', ending);
    // The parent process must see which signal ended this one.
    if (ending && ending !== 'quit') process.kill(process.pid, ending);
    return '';
  }
  await watch.next();
  await pause(intervalMs);
  const activity = await watch.next();
  if (isJson) return renderDocument(activity, watch.pageSize, intervalMs);
  return `${watch.render(activity, process.stdout.columns || USUAL_WIDTH, Infinity).join('\n')}\n`;
}

function canBeDrawnOn({ isTTY, columns, rows }: NodeJS.WriteStream): boolean {
  return isTTY && columns > 0 && rows > 0 && process.env['TERM'] !== 'dumb';
}

class Watch {
  readonly pageSize = addon().pageSize;
  #last: Snapshot | undefined;

  async next(): Promise<Activity> {
    const snapshot = await takeSnapshot();
    const activity = activityBetween(this.#last, snapshot, this.pageSize);
    this.#last = snapshot;
    return activity;
  }

  render(activity: Activity, width: number, height: number): string[] {
    return renderPage(activity, { width, height, pageSize: this.pageSize });
  }
}

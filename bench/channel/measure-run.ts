import { fork } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Run } from './run.js';

const FIRST = fileURLToPath(new URL('first.js', import.meta.url));

/** Takes one run in two fresh processes. Resolves to the milliseconds of a message, or of the median round trip. */
export async function measureRun(run: Run): Promise<number> {
  const child = fork(FIRST, [JSON.stringify(run)], { stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
  let found: number | undefined;
  child.once('message', (answer) => (found = answer as number));
  const [errors, [code, signal]] = await Promise.all([
    child.stderr ? text(child.stderr) : '',
    once(child, 'exit') as Promise<[number | null, string | null]>,
  ]);
  if (found !== undefined) return found;
  throw new Error(`the run '${run.way}' has ended without a result: ${signal ?? code ?? ''}\n${errors}`);
}

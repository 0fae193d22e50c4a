import { fork } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Run } from './run.js';

const FIRST = fileURLToPath(new URL('first.js', import.meta.url));

/** Makes one run in two fresh processes. Resolves to the milliseconds of a message, or of the median round trip. */
export function measureRun(run: Run): Promise<number> {
  return takeRun<number>(FIRST, run);
}

/** Resolves to the report of the first process. */
export async function takeRun<T>(program: string, run: Run): Promise<T> {
  const child = fork(program, [JSON.stringify(run)], { stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
  let found: T | undefined;
  child.once('message', (answer) => (found = answer as T));
  const [errors, [code, signal]] = await Promise.all([
    child.stderr ? text(child.stderr) : '',
    once(child, 'exit') as Promise<[number | null, string | null]>,
  ]);
  if (found !== undefined) return found;
  throw new Error(`the run '${run.way}' has ended without a result: ${signal ?? code ?? ''}\n${errors}`);
}

import { fork, type ChildProcess, type SerializationType } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Run } from './run.js';

export const SECOND = fileURLToPath(new URL('second.js', import.meta.url));

/** Starts the other process, which ends with this one. If it fails there is nothing to measure, and this one ends, too. */
export function startSecond(run: Run, serialization: SerializationType = 'json'): ChildProcess {
  const child = fork(SECOND, [JSON.stringify(run), String(process.pid)], { serialization });
  child.on('exit', (code, signal) => {
    console.error(`the other process has ended: ${signal ?? code ?? ''}`);
    process.exit(1);
  });
  return child;
}
